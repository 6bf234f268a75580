// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/usage_rows.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "persistence/impl/rows.hpp"

namespace sluice::persistence {
namespace {

static_assert(sizeof(project_usage) == 4 * sizeof(std::uint64_t), "no padding: rows are its bytes");

/// LMDB has no empty keys, and an owner may be empty.
std::string key_of(std::string_view project) {
  return std::string{"p"}.append(project.substr(0, longest_project));
}

project_usage usage_of(const schemas::image& image) {
  using schemas::image_status;
  project_usage usage;
  usage.images = 1;
  const auto size = image.facts ? image.facts->size : 0;
  switch (image.status) {
    case image_status::uploading:
      usage.staged_bytes = size;
      usage.uploading = 1;
      break;
    case image_status::saving:
    case image_status::importing: usage.uploading = 1; break;
    case image_status::queued:
    case image_status::killed:
    case image_status::deleted: break;
    case image_status::active:
    case image_status::pending_delete:
    case image_status::deactivated: usage.bytes = size; break;
  }
  return usage;
}

/// Never below nothing: a record that could not be read was never counted.
void take(std::uint64_t& from, std::uint64_t what) {
  from -= std::min(from, what);
}

}  // namespace

project_usage read_usage(const lmdb::transaction& within, const tables& where, std::string_view project) {
  project_usage usage;
  const auto bytes = within.get(where.usage, key_of(project));
  if (bytes && bytes->size() == sizeof usage)
    std::memcpy(&usage, bytes->data(), sizeof usage);
  return usage;
}

schemas::result<void> check_quota(const std::optional<schemas::image>& before, const schemas::image& after,
                                  std::uint64_t quota, const lmdb::transaction& within, const tables& where) {
  const auto wanted = stored_bytes(usage_of(after));
  const auto had = before && before->owner == after.owner ? stored_bytes(usage_of(*before)) : 0;
  if (quota == 0 || wanted <= had)
    return {};
  const auto used = stored_bytes(read_usage(within, where, after.owner));
  const auto others = used - std::min(used, had);
  if (others <= quota && wanted <= quota - others)
    return {};
  return schemas::refuse(schemas::error_code::quota_exceeded,
                         "The images of the project take " + std::to_string(others) + " bytes and may take " +
                             std::to_string(quota) + "; there is no room for " + std::to_string(wanted) +
                             " more. Delete images that are no longer needed.");
}

void count_change(const std::optional<schemas::image>& before, const std::optional<schemas::image>& after,
                  lmdb::write_transaction& within, const tables& where) {
  const auto write = [&](const std::string& owner, const project_usage& usage) {
    if (usage == project_usage{})
      within.erase(where.usage, key_of(owner));
    else
      within.put(where.usage, key_of(owner), {reinterpret_cast<const char*>(&usage), sizeof usage});
  };
  if (before) {
    auto usage = read_usage(within, where, before->owner);
    const auto gone = usage_of(*before);
    take(usage.bytes, gone.bytes);
    take(usage.staged_bytes, gone.staged_bytes);
    take(usage.images, gone.images);
    take(usage.uploading, gone.uploading);
    write(before->owner, usage);
  }
  if (after) {
    auto usage = read_usage(within, where, after->owner);
    const auto come = usage_of(*after);
    usage.bytes += come.bytes;
    usage.staged_bytes += come.staged_bytes;
    usage.images += come.images;
    usage.uploading += come.uploading;
    write(after->owner, usage);
  }
}

}  // namespace sluice::persistence
