// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "schemas/error_code.hpp"
#include "schemas/image.hpp"
#include "schemas/image_import_status.hpp"
#include "schemas/image_member.hpp"

using namespace sluice::schemas;

namespace {

using enum image_import_status;
using enum image_import_event;

constexpr image_import_status statuses[]{waiting, uploading, verifying, success, image_import_status::failure};
constexpr image_import_event events[]{slot_granted,    bytes_complete, verified, failed, image_import_event::cancelled,
                                      source_restarted};

}  // namespace

TEST_CASE("Every status meets every event as the life of an import allows, and no other way") {
  const auto lost = image_import_status::failure;
  const auto stop = image_import_event::cancelled;
  const std::map<std::pair<image_import_status, image_import_event>, image_import_status> legal{
      {{waiting, slot_granted}, uploading},       {{waiting, failed}, lost},   {{waiting, stop}, lost},
      {{uploading, bytes_complete}, verifying},   {{uploading, failed}, lost}, {{uploading, stop}, lost},
      {{verifying, verified}, success},           {{verifying, failed}, lost}, {{verifying, stop}, lost},
      {{verifying, source_restarted}, uploading},
  };
  for (const auto status : statuses)
    for (const auto event : events) {
      INFO(to_string(status) << " meets " << to_string(event));
      const auto row = legal.find({status, event});
      CHECK(next(status, event) == (row == legal.end() ? std::nullopt : std::optional{row->second}));
    }
}

TEST_CASE("What is final stays, and what is not can end") {
  for (const auto status : statuses) {
    INFO(to_string(status));
    CHECK(is_final(status) == (status == success || status == image_import_status::failure));
    for (const auto event : events)
      CHECK_FALSE((is_final(status) && next(status, event)));
    CHECK((is_final(status) || (next(status, failed) && next(status, image_import_event::cancelled))));
  }
}

TEST_CASE("Statuses have the blueprint's names, both ways") {
  const std::vector<std::string> names{"waiting", "uploading", "verifying", "success", "failure"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(to_string(statuses[i]) == names[i]);
    CHECK(image_import_status_from(names[i]) == statuses[i]);
  }
  for (const std::string name : {"", "unknown", "Waiting", "succes"})
    CHECK_FALSE(image_import_status_from(name));
  std::set<std::string_view> event_names;
  for (const auto event : events)
    event_names.insert(to_string(event));
  CHECK(event_names.size() == std::size(events));
}

TEST_CASE("Every status of an image meets every other as Glance allows, and no other way") {
  using status = image_status;
  const std::map<status, std::set<status>> legal{
      {status::queued, {status::saving, status::uploading, status::importing, status::active, status::deleted}},
      {status::saving, {status::active, status::killed, status::deleted, status::queued}},
      {status::uploading, {status::importing, status::queued, status::deleted}},
      {status::importing, {status::active, status::deleted, status::queued}},
      {status::active, {status::pending_delete, status::deleted, status::deactivated}},
      {status::killed, {status::deleted}},
      {status::deleted, {}},
      {status::pending_delete, {status::deleted, status::active}},
      {status::deactivated, {status::active, status::deleted}},
  };
  REQUIRE(legal.size() == image_statuses.size());
  for (const auto from : image_statuses)
    for (const auto to : image_statuses) {
      INFO(to_string(from) << " to " << to_string(to));
      CHECK(may_become(from, to) == legal.at(from).contains(to));
    }
}

TEST_CASE("Statuses of images and of members have Glance's names, both ways") {
  const std::vector<std::string> names{"queued", "saving",  "uploading",      "importing",  "active",
                                       "killed", "deleted", "pending_delete", "deactivated"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(to_string(image_statuses[i]) == names[i]);
    CHECK(image_status_from(names[i]) == image_statuses[i]);
  }
  const std::vector<std::string> answers{"pending", "accepted", "rejected"};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(to_string(member_statuses[i]) == answers[i]);
    CHECK(member_status_from(answers[i]) == member_statuses[i]);
  }
  for (const std::string name : {"", "unknown", "Active", "pending "}) {
    CHECK_FALSE(image_status_from(name));
    CHECK_FALSE(member_status_from(name));
  }
}

TEST_CASE("Every error has a name, words and a hint, and is found by its name") {
  std::set<std::string_view> names;
  unsigned next_code = 1;
  for (const auto& row : error_descriptions()) {
    INFO(row.name);
    CHECK(static_cast<unsigned>(row.code) == next_code++);
    CHECK(names.insert(row.name).second);
    CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos);
    CHECK_FALSE(row.title.empty());
    CHECK(row.hint.size() > 10);
    CHECK(row.hint.back() == '.');
    CHECK((row.http_status == 0 || (row.http_status >= 400 && row.http_status < 600)));
    CHECK(&describe(row.code) == &row);
    CHECK(to_string(row.code) == row.name);
    CHECK(error_code_from(row.name) == row.code);
  }
  CHECK(next_code == static_cast<unsigned>(error_code::cancelled) + 1);
  CHECK(to_string(error_code::none) == "none");
  CHECK(error_code_from("none") == error_code::none);
  CHECK_FALSE(error_code_from(""));
  CHECK_FALSE(error_code_from("source_status"));
  CHECK(to_string(static_cast<error_code>(255)) == "internal-error");
}

TEST_CASE("An image is seen by its owner, by an admin, and by all when it is public or a community's") {
  const identity owner{"p1", "u1", {"member"}};
  const identity stranger{"p2", "u2", {"member", "administrator"}};
  const identity admin{"p2", "u3", {"admin"}};
  const identity nobody{"", "", {}};
  struct row {
    std::optional<std::string> visibility;
    bool for_all;
  };
  for (const auto& [visibility, for_all] : std::vector<row>{{"private", false},
                                                            {"shared", false},
                                                            {std::nullopt, false},
                                                            {"community", true},
                                                            {"public", true},
                                                            {"Public", false}}) {
    image subject;
    subject.owner = "p1";
    subject.properties.visibility = visibility;
    INFO(visibility.value_or("absent"));
    CHECK(may_see(owner, subject));
    CHECK(may_change(owner, subject));
    CHECK(may_see(admin, subject));
    CHECK(may_change(admin, subject));
    CHECK(may_see(stranger, subject) == for_all);
    CHECK_FALSE(may_change(stranger, subject));
    CHECK(may_see(nobody, subject) == for_all);
    subject.owner.clear();
    CHECK_FALSE(may_change(nobody, subject));
  }
}
