// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/rows.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "persistence/image_row.hpp"
#include "persistence/impl/hash.hpp"

#include "schemas/json.hpp"

namespace sluice::persistence {
namespace {

constexpr std::size_t time_bytes = 8;
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

void append_big_endian(std::string& to, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    to.push_back(static_cast<char>(number >> shift & 0xff));
}

/// Its length first, so that no project's prefix begins another's, whatever bytes it holds.
void append_project(std::string& to, std::string_view project) {
  project = project.substr(0, longest_project);
  to.push_back(static_cast<char>(project.size()));
  to.append(project);
}

}  // namespace

std::string position(schemas::time_point when, std::string_view id) {
  std::string bytes;
  bytes.reserve(time_bytes + id.size());
  append_big_endian(bytes, static_cast<std::uint64_t>(when.time_since_epoch().count()) ^ sign_bit);
  bytes.append(id);
  return bytes;
}

std::string_view id_of_position(std::string_view position) noexcept {
  position.remove_prefix(std::min(position.size(), time_bytes));
  return position;
}

schemas::time_point time_of_position(std::string_view position) noexcept {
  std::uint64_t number = 0;
  if (position.size() >= time_bytes) {
    std::memcpy(&number, position.data(), time_bytes);
    if constexpr (std::endian::native == std::endian::little)
      number = __builtin_bswap64(number);
  }
  return schemas::time_point{schemas::time_point::duration{static_cast<std::int64_t>(number ^ sign_bit)}};
}

std::string import_prefix(std::string_view project, std::optional<schemas::image_import_status> status) {
  std::string bytes;
  append_project(bytes, project);
  bytes.push_back(status ? static_cast<char>(1 + static_cast<int>(*status)) : '\0');
  return bytes;
}

std::string image_prefix(std::string_view image_id) {
  std::string bytes;
  append_project(bytes, image_id.substr(0, longest_id));
  return bytes;
}

std::string listing_prefix(listing_scope scope, std::string_view project, bool hidden,
                           const std::optional<std::string>& name) {
  std::string bytes(1, static_cast<char>(scope));
  if (scope != listing_scope::all && scope != listing_scope::of_the_public && scope != listing_scope::community)
    append_project(bytes, project);
  bytes.push_back(hidden ? 'h' : 'v');
  bytes.push_back(name ? 'n' : '*');
  if (name)
    append_big_endian(bytes, stable_hash(*name));
  return bytes;
}

listing_scope shared_scope(schemas::member_status status) noexcept {
  switch (status) {
    case schemas::member_status::pending: return listing_scope::shared_pending;
    case schemas::member_status::accepted: return listing_scope::shared_accepted;
    case schemas::member_status::rejected: break;
  }
  return listing_scope::shared_rejected;
}

std::string key_of_member(std::string_view image_id, std::string_view member_id) {
  std::string key{image_id.substr(0, longest_id)};
  key.push_back('\0');
  return key.append(member_id.substr(0, longest_project));
}

std::vector<std::string> keys_of_members(const lmdb::transaction& within, const tables& where,
                                         std::string_view image_id) {
  std::vector<std::string> found;
  if (image_id.size() > longest_id)
    return found;
  const auto prefix = key_of_member(image_id, {});
  lmdb::cursor rows{within, where.members};
  for (auto standing = rows.seek(prefix); standing && rows.key().starts_with(prefix); standing = rows.next())
    found.emplace_back(rows.key());
  return found;
}

std::vector<schemas::image_member> read_members(const lmdb::transaction& within, const tables& where,
                                                std::string_view image_id) {
  std::vector<schemas::image_member> found;
  for (const auto& key : keys_of_members(within, where, image_id))
    if (auto member = schemas::decode_image_member(*within.get(where.members, key)))
      found.push_back(std::move(*member));
  return found;
}

std::vector<row> rows_of(const schemas::image_import& record, const tables& where) {
  std::vector<row> rows;
  const auto place = position(record.created_at, record.id);
  rows.push_back({where.imports_by_project, import_prefix(record.project_id, std::nullopt) + place, {}});
  rows.push_back({where.imports_by_project, import_prefix(record.project_id, record.status) + place, {}});
  if (schemas::fills_an_image(record.origin))
    rows.push_back({where.imports_by_image, image_prefix(record.image_id) + place, {}});
  if (!schemas::is_final(record.status))
    rows.push_back({where.live_imports, place, {}});
  else if (record.expires_at)
    rows.push_back({where.imports_by_expiry, position(*record.expires_at, record.id), {}});
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<row> rows_of(const schemas::image& record, const std::vector<schemas::image_member>& members,
                         const tables& where) {
  const auto visibility = schemas::visibility_of(record);
  const auto value = encode_row(record);
  const auto place = position(record.created_at, record.id);
  std::vector<row> rows;
  const auto add = [&](listing_scope scope, std::string_view project) {
    const auto hidden = record.properties.os_hidden;
    rows.push_back({where.image_listings, listing_prefix(scope, project, hidden, std::nullopt) + place, value});
    if (record.properties.name)
      rows.push_back(
          {where.image_listings, listing_prefix(scope, project, hidden, record.properties.name) + place, value});
  };
  add(listing_scope::all, {});
  add(listing_scope::owned, record.owner);
  if (visibility == "public")
    add(listing_scope::of_the_public, {});
  else if (visibility == "community")
    add(listing_scope::community, {});
  else if (visibility == "shared")
    for (const auto& member : members)
      add(shared_scope(member.status), member.member_id);
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace sluice::persistence
