// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/open_records.hpp"

#include <spdlog/spdlog.h>

#include "persistence/impl/rows.hpp"
#include "schemas/json.hpp"

namespace sluice::persistence {
namespace {

constexpr std::size_t most_reported = 10'000;  ///< ids remembered; a file damaged worse than that needs no more lines

}  // namespace

std::optional<schemas::image_import> record_store::implementation::import(const lmdb::transaction& within,
                                                                          std::string_view id) const {
  const auto bytes = within.get(where.imports, id);
  if (!bytes)
    return std::nullopt;
  auto record = schemas::decode_image_import(*bytes);
  if (!record) {
    report("task", id, record.error().message);
    return std::nullopt;
  }
  return std::move(*record);
}

std::optional<schemas::image> record_store::implementation::image(const lmdb::transaction& within,
                                                                  std::string_view id) const {
  const auto bytes = within.get(where.images, id);
  if (!bytes)
    return std::nullopt;
  auto record = schemas::decode_image(*bytes);
  if (!record) {
    report("image", id, record.error().message);
    return std::nullopt;
  }
  return std::move(*record);
}

std::optional<schemas::image_member> record_store::implementation::member(const lmdb::transaction& within,
                                                                          std::string_view image_id,
                                                                          std::string_view member_id) const {
  if (image_id.size() > longest_id || member_id.size() > longest_project)
    return std::nullopt;
  const auto bytes = within.get(where.members, key_of_member(image_id, member_id));
  if (!bytes)
    return std::nullopt;
  auto record = schemas::decode_image_member(*bytes);
  if (!record) {
    report("image", image_id, record.error().message);
    return std::nullopt;
  }
  return std::move(*record);
}

void record_store::implementation::report(std::string_view kind, std::string_view id, const std::string& why) const {
  {
    const std::lock_guard lock{reported_mutex_};
    if (reported_.size() >= most_reported || !reported_.emplace(id).second)
      return;
  }
  spdlog::error("persistence: event=unreadable-record {}={} why=\"{}\"", kind, id, why);
}

}  // namespace sluice::persistence
