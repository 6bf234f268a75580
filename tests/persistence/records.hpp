// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "persistence/record_store.hpp"
#include "tests/support/temporary_directory.hpp"

/// Records and stores for the tests of this folder.
namespace sluice::tests {

/// A UUID that says its number.
inline std::string uuid(std::uint64_t number) {
  char text[37];
  std::snprintf(text, sizeof text, "%08llx-0000-4000-8000-%012llx", static_cast<unsigned long long>(number >> 32),
                static_cast<unsigned long long>(number & 0xffffffff));
  return text;
}

inline schemas::time_point at(std::int64_t seconds) {
  return schemas::time_point{std::chrono::seconds{1'700'000'000 + seconds}};
}

inline schemas::image_import an_import(const std::string& id, const std::string& project, std::int64_t created,
                                       schemas::image_import_status status = schemas::image_import_status::waiting) {
  schemas::image_import record;
  record.id = id;
  record.image_id = uuid(0xffff0000);
  record.project_id = project;
  record.user_id = "user";
  record.status = status;
  record.request.location = "https://user:secret@images.example/disk.qcow2?token=1";
  record.request.properties.name = "disk";
  record.created_at = at(created);
  record.updated_at = at(created);
  if (schemas::is_final(status))
    record.expires_at = at(created + 3600);
  if (status == schemas::image_import_status::failure)
    record.why = schemas::failure{schemas::error_code::not_an_image, "These bits are not a disk image."};
  return record;
}

inline schemas::image an_image(const std::string& id, const std::string& owner, std::int64_t created,
                               const std::string& visibility = "shared") {
  schemas::image record;
  record.id = id;
  record.owner = owner;
  record.properties.name = "disk";
  record.properties.disk_format = "qcow2";
  record.properties.container_format = "bare";
  record.properties.visibility = visibility;
  record.status = schemas::image_status::active;
  record.facts.emplace();
  record.facts->size = 4096;
  record.facts->virtual_size = 1 << 20;
  record.facts->disk_format = "qcow2";
  record.created_at = at(created);
  record.updated_at = at(created);
  return record;
}

inline std::unique_ptr<persistence::record_store> open_records(const temporary_directory& where) {
  auto opened = persistence::record_store::open(where / "records");
  INFO((opened ? std::string{} : opened.error().message));
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

/// Commits one set alone.
inline schemas::result<void> commit(persistence::record_store& store, persistence::change_set set) {
  const std::vector<persistence::change_set> sets{std::move(set)};
  auto outcomes = store.commit(sets);
  REQUIRE(outcomes.size() == 1);
  return outcomes.front();
}

template <class Record>
std::vector<std::string> ids(const std::vector<Record>& records) {
  std::vector<std::string> found;
  for (const auto& record : records)
    found.push_back(record.id);
  return found;
}

}  // namespace sluice::tests
