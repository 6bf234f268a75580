// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <random>

#include "persistence/record_store.hpp"
#include "tests/persistence/records.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;
using sluice::schemas::error_code;
using sluice::schemas::image;
using sluice::schemas::image_import;
using sluice::schemas::image_import_status;
using sluice::schemas::member_status;
using strings = std::vector<std::string>;

/// The plainest reading of the rules: every record, filtered, sorted.
template <class Record>
strings in_order(std::vector<Record> records, bool ascending) {
  std::sort(records.begin(), records.end(), [&](const Record& left, const Record& right) {
    const auto before = std::tie(left.created_at, left.id) < std::tie(right.created_at, right.id);
    const auto after = std::tie(right.created_at, right.id) < std::tie(left.created_at, left.id);
    return ascending ? before : after;
  });
  return ids(records);
}

/// Image id and project to what the project says to it.
using shares = std::map<std::pair<std::string, std::string>, member_status>;

bool shared_with(const image_query& query, const image& record, const shares& members) {
  const auto found = members.find({record.id, query.project_id});
  return found != members.end() && record.properties.visibility == "shared" &&
         (!query.member_status || *query.member_status == found->second);
}

bool listed(const image_query& query, const image& record, const shares& members) {
  const auto visibility = *record.properties.visibility;
  const auto own = record.owner == query.project_id;
  const auto community_asked = query.visibility == "community" || query.visibility == "all";
  const auto reachable = (query.all_projects && (visibility != "community" || community_asked)) || own ||
                         visibility == "public" || (visibility == "community" && community_asked) ||
                         (!query.all_projects && shared_with(query, record, members));
  return reachable && (!query.name || record.properties.name == query.name) &&
         (!query.status || to_string(record.status) == *query.status) &&
         (!query.visibility || *query.visibility == "all" || *query.visibility == visibility) &&
         (!query.owner || *query.owner == record.owner) &&
         (!query.os_hidden || *query.os_hidden == record.properties.os_hidden);
}

/// All pages of a listing, each checked to be full unless it is the last.
template <class Query, class List>
strings all_pages(Query query, const List& list) {
  strings found;
  for (;;) {
    const auto page = list(query);
    REQUIRE(page.has_value());
    const auto here = ids(page->records);
    found.insert(found.end(), here.begin(), here.end());
    REQUIRE(here.size() <= query.limit);
    if (!page->more)
      return found;
    REQUIRE(here.size() == query.limit);
    query.marker = here.back();
  }
}

class dice {
 public:
  explicit dice(unsigned int seed) : engine_{seed} {}
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(engine_); }
  bool one_in(std::size_t chances) { return below(chances) == 0; }
  template <class Value>
  Value of(std::initializer_list<Value> values) {
    return *(values.begin() + static_cast<std::ptrdiff_t>(below(values.size())));
  }

 private:
  std::mt19937 engine_;
};

TEST_CASE("image listings agree with a plain model under random changes, filters and pages") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  dice random{seed};
  const temporary_directory where;
  auto store = open_records(where);
  std::map<std::string, image> model;
  shares members;
  std::uint64_t next_id = 1;
  for (int round = 0; round < 60; ++round) {
    change_set changes;
    for (int step = 0; step < 8; ++step) {
      const auto known = model.empty()
                             ? model.end()
                             : std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
      if (known != model.end() && random.one_in(4)) {
        changes.push_back(erase_image{known->first});
        std::erase_if(members, [&](const auto& each) { return each.first.first == known->first; });
        model.erase(known);
        continue;
      }
      if (known != model.end() && random.one_in(3)) {
        const std::string project = random.of<const char*>({"a", "b", "ab"});
        if (random.one_in(3)) {
          changes.push_back(erase_member{{known->first, project}});
          members.erase({known->first, project});
        } else {
          const auto status = random.of({member_status::pending, member_status::accepted, member_status::rejected});
          changes.push_back(put_member{{known->first, project, status, at(1), at(2)}});
          members[{known->first, project}] = status;
        }
        continue;
      }
      const auto update = known != model.end() && random.one_in(3);
      auto record = an_image(update ? known->first : uuid(next_id++), random.of<const char*>({"a", "b", "ab", ""}),
                             static_cast<std::int64_t>(random.below(20)),
                             random.of<const char*>({"private", "shared", "public", "community"}));
      record.properties.os_hidden = random.one_in(4);
      record.properties.name = random.of<std::optional<std::string>>({"x", "y", "", std::nullopt});
      record.status = random.of({sluice::schemas::image_status::active, sluice::schemas::image_status::deactivated});
      model[record.id] = record;
      changes.push_back(put_image{record});
    }
    REQUIRE(commit(*store, std::move(changes)));
    if (round % 20 == 10) {
      store.reset();
      store = open_records(where);
    }
    for (const std::string project : {"a", "b", "ab", ""}) {
      sluice::persistence::project_usage used;
      for (const auto& [id, record] : model)
        if (record.owner == project) {
          ++used.images;
          used.bytes += record.facts->size;
        }
      REQUIRE(store->usage_of(project) == used);
    }
    for (int asked = 0; asked < 20; ++asked) {
      image_query query;
      query.project_id = random.of<const char*>({"a", "b", "ab", "nobody"});
      query.all_projects = random.one_in(4);
      query.ascending = random.one_in(2);
      query.limit = static_cast<std::uint32_t>(1 + random.below(7));
      query.os_hidden = random.of<std::optional<bool>>({false, true, std::nullopt});
      using maybe = std::optional<std::string>;
      query.visibility = random.of<maybe>({{}, {}, "public", "private", "shared", "community", "all", "odd"});
      query.owner = random.of<maybe>({{}, {}, {}, "a", "ab"});
      query.member_status = random.of<std::optional<member_status>>(
          {member_status::accepted, member_status::pending, member_status::rejected, std::nullopt});
      query.name = random.of<maybe>({{}, {}, "x", ""});
      query.status = random.of<maybe>({{}, {}, "active", "queued"});
      std::vector<image> expected;
      for (const auto& [id, record] : model)
        if (listed(query, record, members))
          expected.push_back(record);
      CAPTURE(round, query.project_id, query.all_projects, query.ascending, query.limit);
      CAPTURE(query.visibility.value_or("-"), query.owner.value_or("-"), query.name.value_or("-"));
      REQUIRE(all_pages(query, [&](const image_query& page) { return store->list_images(page); }) ==
              in_order(expected, query.ascending));
    }
  }
}

TEST_CASE("import listings agree with a plain model under random changes, filters and pages") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  dice random{seed};
  const temporary_directory where;
  auto store = open_records(where);
  std::map<std::string, image_import> model;
  std::uint64_t next_id = 1;
  const auto a_status = [&] {
    return random.of({image_import_status::waiting, image_import_status::uploading, image_import_status::verifying,
                      image_import_status::success, image_import_status::failure});
  };
  for (int round = 0; round < 40; ++round) {
    change_set changes;
    for (int step = 0; step < 8; ++step) {
      const auto known = model.empty()
                             ? model.end()
                             : std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
      if (known != model.end() && random.one_in(4)) {
        changes.push_back(erase_import{known->first});
        model.erase(known);
        continue;
      }
      const auto update = known != model.end() && random.one_in(2);
      const auto record = an_import(update ? known->first : uuid(next_id++), random.of<const char*>({"a", "b", "ab"}),
                                    static_cast<std::int64_t>(random.below(20)), a_status());
      model[record.id] = record;
      changes.push_back(put_import{record});
    }
    REQUIRE(commit(*store, std::move(changes)));
    std::vector<image_import> live;
    std::map<std::pair<sluice::schemas::time_point, std::string>, std::string> by_expiry;
    for (const auto& [id, record] : model) {
      if (!sluice::schemas::is_final(record.status))
        live.push_back(record);
      else
        by_expiry[{*record.expires_at, id}] = id;
    }
    strings expiring;
    for (const auto& [when, id] : by_expiry)
      expiring.push_back(id);
    REQUIRE(ids(store->live_imports()) == in_order(live, true));
    REQUIRE(store->expired_imports(at(1'000'000), 1'000'000) == expiring);
    for (int asked = 0; asked < 10; ++asked) {
      import_query query;
      query.project_id = random.of<const char*>({"a", "b", "ab", "nobody"});
      query.ascending = random.one_in(2);
      query.limit = static_cast<std::uint32_t>(1 + random.below(7));
      if (random.one_in(2))
        query.status = a_status();
      std::vector<image_import> expected;
      for (const auto& [id, record] : model)
        if (record.project_id == query.project_id && (!query.status || record.status == *query.status))
          expected.push_back(record);
      CAPTURE(round, query.project_id, query.ascending, query.limit);
      REQUIRE(all_pages(query, [&](const import_query& page) { return store->list_imports(page); }) ==
              in_order(expected, query.ascending));
    }
  }
}

TEST_CASE("a page goes on where the one before ended, whatever was put in between") {
  const temporary_directory where;
  auto store = open_records(where);
  change_set puts;
  for (std::uint64_t number = 1; number <= 6; ++number)
    puts.push_back(put_image{an_image(uuid(number), "alpha", static_cast<std::int64_t>(number * 10))});
  REQUIRE(commit(*store, std::move(puts)));
  const auto first = store->list_images({.project_id = "alpha", .limit = 3});
  REQUIRE(first.has_value());
  CHECK(ids(first->records) == strings{uuid(6), uuid(5), uuid(4)});
  CHECK(first->more);
  // One newer than all, one at the very time of the marker, one erased from the part already read.
  REQUIRE(commit(*store, {put_image{an_image(uuid(100), "alpha", 999)}, put_image{an_image(uuid(99), "alpha", 40)},
                          erase_image{uuid(5)}}));
  const auto second = store->list_images({.project_id = "alpha", .marker = uuid(4), .limit = 3});
  REQUIRE(second.has_value());
  CHECK(ids(second->records) == strings{uuid(3), uuid(2), uuid(1)});
  CHECK_FALSE(second->more);
  CHECK(store->list_images({.project_id = "alpha", .marker = uuid(1)})->records.empty());
}

TEST_CASE("members are found by image and project, and go with their image") {
  const temporary_directory where;
  auto store = open_records(where);
  using sluice::schemas::image_member;
  const image_member beta{uuid(1), "beta", member_status::pending, at(1), at(1)};
  const image_member gamma{uuid(1), "gamma", member_status::accepted, at(2), at(3)};
  REQUIRE(commit(*store, {put_image{an_image(uuid(1), "alpha", 1)}, put_image{an_image(uuid(2), "alpha", 2)},
                          put_member{gamma}, put_member{beta}}));
  store.reset();
  store = open_records(where);
  CHECK(store->find_member(uuid(1), "gamma") == gamma);
  CHECK_FALSE(store->find_member(uuid(2), "gamma"));
  CHECK_FALSE(store->find_member(uuid(1), "gam"));
  CHECK_FALSE(store->find_member(uuid(1), std::string(1000, 'x')));
  CHECK(store->members_of(uuid(1)) == std::vector{beta, gamma});
  CHECK(store->members_of(uuid(2)).empty());
  REQUIRE(commit(*store, {erase_image{uuid(1)}}));
  CHECK(store->members_of(uuid(1)).empty());
  const auto orphan = commit(*store, {put_member{beta}});
  REQUIRE_FALSE(orphan);
  CHECK(orphan.error().code == error_code::conflict);
  CHECK(store->list_images({.project_id = "gamma"})->records.empty());
}

TEST_CASE("a limit of none gives none and no more") {
  const temporary_directory where;
  auto store = open_records(where);
  REQUIRE(commit(*store, {put_image{an_image(uuid(1), "alpha", 1)}, put_import{an_import(uuid(2), "alpha", 1)}}));
  const auto images = store->list_images({.project_id = "alpha", .limit = 0});
  const auto imports = store->list_imports({.project_id = "alpha", .limit = 0});
  CHECK(images->records.empty());
  CHECK_FALSE(images->more);
  CHECK(imports->records.empty());
  CHECK_FALSE(imports->more);
}

TEST_CASE("a marker that the caller may not see reads exactly like one that never was") {
  const temporary_directory where;
  auto store = open_records(where);
  REQUIRE(commit(
      *store, {put_image{an_image(uuid(1), "alpha", 1, "private")}, put_image{an_image(uuid(2), "alpha", 2, "shared")},
               put_image{an_image(uuid(3), "alpha", 3, "public")},
               put_image{an_image(uuid(4), "alpha", 4, "community")}, put_import{an_import(uuid(5), "alpha", 5)}}));
  const auto unknown = store->list_images({.project_id = "beta", .marker = uuid(99)});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == error_code::invalid_request);
  CHECK(unknown.error().field == "marker");
  for (const auto number : {1, 2}) {
    const auto foreign = store->list_images({.project_id = "beta", .marker = uuid(static_cast<std::uint64_t>(number))});
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error() == unknown.error());
  }
  for (const auto number : {3, 4})
    CHECK(store->list_images({.project_id = "beta", .marker = uuid(static_cast<std::uint64_t>(number))}));
  CHECK(store->list_images({.project_id = "beta", .all_projects = true, .marker = uuid(1)}));
  const auto foreign_import = store->list_imports({.project_id = "beta", .marker = uuid(5)});
  REQUIRE_FALSE(foreign_import);
  CHECK(foreign_import.error() == store->list_imports({.project_id = "beta", .marker = uuid(99)}).error());
  CHECK(foreign_import.error().field == "marker");
  CHECK(store->list_imports({.project_id = "alpha", .marker = uuid(5)}));
}

TEST_CASE("projects whose names begin alike or hold odd bytes never meet") {
  const temporary_directory where;
  auto store = open_records(where);
  using namespace std::string_literals;
  const std::vector<std::string> projects{"a",         "aa", "a\0"s, "a\xff"s, "\x01"s, std::string(255, 'a'),
                                          "\xff\xff"s, "",   "0"};
  change_set puts;
  for (std::size_t number = 0; number < projects.size(); ++number) {
    puts.push_back(put_import{an_import(uuid(number), projects[number], 1)});
  }
  const auto outcome = commit(*store, std::move(puts));
  INFO((outcome ? "" : outcome.error().message));
  REQUIRE(outcome);
  for (std::size_t number = 0; number < projects.size(); ++number)
    for (const auto ascending : {true, false}) {
      const auto page = store->list_imports({.project_id = projects[number], .ascending = ascending});
      CHECK(ids(page->records) == strings{uuid(number)});
    }
}

}  // namespace
