// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "persistence/image_row.hpp"
#include "persistence/project_usage.hpp"
#include "schemas/failure.hpp"
#include "schemas/image.hpp"
#include "schemas/image_import.hpp"
#include "schemas/image_member.hpp"
#include "schemas/metadef.hpp"

/// The records of imports and images, in LMDB. Any thread may read, at memory speed and without a lock shared with the
/// writer; one thread at a time writes, in batches (one fdatasync a batch). What `commit` has returned from is durable.
namespace sluice::persistence {

/// One change; a batch of them is applied in one transaction, all or nothing.
struct put_import {
  schemas::image_import record;
};
struct erase_import {
  std::string id;
};
/// quota_exceeded when the image takes more than it did and its project's images then take more than `quota`, staged
/// bytes included; 0: no bound. Asked in the transaction itself, so that no two can slip past it together.
struct put_image {
  schemas::image record;
  std::uint64_t quota = 0;  ///< bytes
};
/// The image's members go with it.
struct erase_image {
  std::string id;
};
/// Conflict when there is no such image.
struct put_member {
  schemas::image_member record;
};
struct erase_member {
  schemas::member_key key;
};
/// Conflict when the record has changed since the change was computed.
struct put_metadef {
  schemas::metadef_replacement what;
};
struct erase_metadef {
  schemas::metadef_erasure what;
};
using change = std::variant<put_import, erase_import, put_image, erase_image, put_member, erase_member, put_metadef,
                            erase_metadef>;
using change_set = std::vector<change>;

/// What a listing asks for. The owner is part of the query itself, never a filter afterwards.
struct import_query {
  std::string project_id = {};
  std::optional<schemas::image_import_status> status = {};
  std::optional<std::string> marker = {};  ///< id of the last record of the page before
  std::uint32_t limit = 25;
  bool ascending = false;  ///< by created_at; default newest first
};
struct image_query {
  std::string project_id = {};
  bool all_projects = false;  ///< admins
  /// `visibility`: as Glance has it. None: the project's own images, public ones, and those shared with it as
  /// `member_status` says; community images of others only with "community" or "all"; private images of others never.
  std::optional<std::string> name = {}, status = {}, visibility = {}, owner = {};
  std::optional<bool> os_hidden = false;  ///< none: hidden ones and others
  /// How the project must stand to an image that is shared with it; none: in whatever way.
  std::optional<schemas::member_status> member_status = schemas::member_status::accepted;
  std::optional<std::string> marker = {};
  std::uint32_t limit = 25;
  bool ascending = false;
};
template <class Record>
struct page {
  std::vector<Record> records;
  bool more = false;  ///< there are records after these; never when `limit` is 0
};

class record_store {
 public:
  static constexpr std::uint64_t most_bytes = std::uint64_t{64} << 30;

  /// Opens or creates `directory`/records.mdb (0700 directory). Once per process. A file written by a newer version is
  /// refused. `map_bytes` bounds the file's size; it is address space, not memory or disk.
  [[nodiscard]] static schemas::result<std::unique_ptr<record_store>> open(const std::filesystem::path& directory,
                                                                           std::uint64_t map_bytes = most_bytes);
  ~record_store();
  record_store(const record_store&) = delete;
  record_store& operator=(const record_store&) = delete;

  // Reading: any thread. Absent is an empty optional, never an error; a record that does not decode is logged once and
  // absent. Where the file itself cannot be read std::runtime_error is thrown: nothing is called absent unread.
  [[nodiscard]] std::optional<schemas::image_import> find_import(std::string_view id) const;
  [[nodiscard]] std::optional<schemas::image> find_image(std::string_view id) const;
  /// Failure `invalid_request` with field "marker" when the marker is not a visible record.
  [[nodiscard]] schemas::result<page<schemas::image_import>> list_imports(const import_query& query) const;
  [[nodiscard]] schemas::result<page<schemas::image>> list_images(const image_query& query) const;
  /// The rows of the images that `query` selects (its marker and limit aside), in the order of their creation, from
  /// just after the place `after` (empty: from the end nearest). Ends when `take` says no, and after `most` rows looked
  /// at: then it returns the place to go on from; none when there is nothing more to see. One snapshot a call.
  [[nodiscard]] std::optional<std::string> walk_images(const image_query& query, std::string_view after,
                                                       std::uint32_t most,
                                                       const std::function<bool(const image_row&)>& take) const;
  /// The image that `query`'s marker names, when the query's caller may see it; else as list_images.
  [[nodiscard]] schemas::result<schemas::image> find_marker(const image_query& query) const;
  /// The place of an image in a walk.
  [[nodiscard]] static std::string place_of(schemas::time_point created_at, std::string_view id);
  /// Imports into an image that has a record of its own, newest first, at most `limit`.
  [[nodiscard]] std::vector<schemas::image_import> imports_of_image(std::string_view image_id,
                                                                    std::uint32_t limit) const;
  /// Live imports, oldest first: what a restart takes up.
  [[nodiscard]] std::vector<schemas::image_import> live_imports() const;
  /// Ids of finished imports whose expires_at is at or before `now`, soonest first, at most `limit`.
  [[nodiscard]] std::vector<std::string> expired_imports(schemas::time_point now, std::uint32_t limit) const;
  [[nodiscard]] std::optional<schemas::time_point> next_expiry() const;
  [[nodiscard]] bool has_image(std::string_view id) const;
  [[nodiscard]] std::optional<schemas::image_member> find_member(std::string_view image_id,
                                                                 std::string_view member_id) const;
  [[nodiscard]] project_usage usage_of(std::string_view project) const;
  /// The members of an image, by their ids.
  [[nodiscard]] std::vector<schemas::image_member> members_of(std::string_view image_id) const;
  /// A namespace of metadata definitions with all that is in it.
  [[nodiscard]] std::optional<schemas::metadef_namespace> find_metadef(std::string_view name) const;
  /// All namespaces, without objects, properties and tags, in the order of their names: at most 1000, short.
  [[nodiscard]] std::vector<schemas::metadef_namespace> metadef_heads() const;

  /// Applies every change set, each atomic in itself (one that fails leaves no trace and does not hurt the
  /// others), in one transaction with one sync. Returns one outcome a set. Writer thread only.
  /// Erasing what is not there succeeds. Putting an image whose id was erased once is a conflict, for ever.
  [[nodiscard]] std::vector<schemas::result<void>> commit(const std::vector<change_set>& sets);

 private:
  record_store();
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace sluice::persistence
