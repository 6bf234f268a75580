// SPDX-License-Identifier: Apache-2.0
#include "tests/persistence/records.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;
using sluice::schemas::error_code;
using sluice::schemas::metadef_namespace;

metadef_namespace a_namespace(const std::string& name, std::uint64_t revision = 1) {
  metadef_namespace record;
  record.name = name;
  record.owner = "a";
  record.created_at = record.updated_at = at(1);
  record.tags.resize(2);
  record.tags[0].name = "one";
  record.tags[1].name = "two";
  record.revision = revision;
  return record;
}

change_set put(metadef_namespace record, std::uint64_t replaces) {
  put_metadef change;
  change.what.record = std::move(record);
  change.what.replaces = replaces;
  change_set set;
  set.emplace_back(std::move(change));
  return set;
}

change_set erase(const std::string& name, std::uint64_t revision) {
  erase_metadef change;
  change.what.name = name;
  change.what.revision = revision;
  change_set set;
  set.emplace_back(std::move(change));
  return set;
}

}  // namespace

TEST_CASE("a namespace of metadata definitions is there after a restart, and gone with all that was in it") {
  const temporary_directory where;
  {
    const auto store = open_records(where);
    REQUIRE(commit(*store, put(a_namespace("b"), 0)));
    REQUIRE(commit(*store, put(a_namespace("a"), 0)));
  }
  const auto store = open_records(where);
  CHECK(store->find_metadef("b") == a_namespace("b"));
  const auto heads = store->metadef_heads();
  REQUIRE(heads.size() == 2);
  CHECK(heads[0].name == "a");
  CHECK(heads[0].tags.empty());
  REQUIRE(commit(*store, erase("b", 1)));
  CHECK_FALSE(store->find_metadef("b"));
  CHECK(store->metadef_heads().size() == 1);
  REQUIRE(commit(*store, put(a_namespace("b", 2), 0)));
  CHECK(store->find_metadef("b")->revision == 2);
}

TEST_CASE("a change of what is no longer the latest is refused and leaves no trace") {
  const temporary_directory where;
  const auto store = open_records(where);
  REQUIRE(commit(*store, put(a_namespace("n", 5), 0)));
  CHECK(commit(*store, put(a_namespace("n", 6), 0)).error().code == error_code::conflict);
  CHECK(commit(*store, put(a_namespace("n", 6), 4)).error().code == error_code::conflict);
  CHECK(commit(*store, erase("n", 4)).error().code == error_code::conflict);
  CHECK(commit(*store, erase("absent", 0)));
  CHECK(commit(*store, put(a_namespace("absent", 6), 5)).error().code == error_code::conflict);
  CHECK(store->find_metadef("n")->revision == 5);
  REQUIRE(commit(*store, put(a_namespace("n", 6), 5)));

  // A rename is both or neither.
  auto renamed = put(a_namespace("m", 7), 0);
  for (auto& change : erase("n", 5))
    renamed.push_back(std::move(change));
  CHECK_FALSE(commit(*store, renamed));
  CHECK_FALSE(store->find_metadef("m"));
  CHECK(store->find_metadef("n"));
}

TEST_CASE("of two changes in one batch that were computed from the same record the second is refused") {
  const temporary_directory where;
  const auto store = open_records(where);
  REQUIRE(commit(*store, put(a_namespace("n", 1), 0)));
  const auto outcomes = store->commit({put(a_namespace("n", 2), 1), put(a_namespace("n", 3), 1)});
  CHECK(outcomes.at(0));
  CHECK_FALSE(outcomes.at(1));
  CHECK(store->find_metadef("n")->revision == 2);
}

TEST_CASE("names that no key can be are absent, and namespaces are bounded in number") {
  const temporary_directory where;
  const auto store = open_records(where);
  CHECK_FALSE(store->find_metadef(""));
  CHECK_FALSE(store->find_metadef(std::string(600, 'x')));
  CHECK_FALSE(commit(*store, put(a_namespace(""), 0)));
  CHECK_FALSE(commit(*store, put(a_namespace(std::string(600, 'x')), 0)));
  std::vector<change_set> sets;
  for (std::size_t i = 0; i < sluice::schemas::most_metadef_namespaces; ++i)
    sets.push_back(put(a_namespace("n" + std::to_string(i)), 0));
  for (const auto& outcome : store->commit(sets))
    REQUIRE(outcome);
  CHECK(commit(*store, put(a_namespace("more"), 0)).error().code == error_code::quota_exceeded);
  CHECK(commit(*store, put(a_namespace("n7", 2), 1)));
}
