// SPDX-License-Identifier: Apache-2.0
#include "persistence/image_row.hpp"

#include <array>
#include <cstring>

#include "persistence/impl/hash.hpp"

namespace sluice::persistence {
namespace {

constexpr std::array<std::string_view, 4> visibilities{"private", "shared", "community", "public"};

enum flag : std::uint8_t {
  flag_protected = 1,
  flag_hidden = 2,
  flag_name = 4,
  flag_size = 8,
};

/// The part of fixed size, as it lies in the row. The file stays on one machine: no byte order to agree on.
struct [[gnu::packed]] fixed_part {
  std::uint64_t size, virtual_size;
  std::int64_t updated_at;
  std::uint32_t min_disk, min_ram;
  std::uint16_t name_bytes, traits_bytes;
  std::uint8_t owner_bytes, disk_format_bytes, container_format_bytes;
  std::uint8_t status, visibility, flags;
};

/// The upper bits of a product, since texts that differ at their ends alone differ in the lower bits of their hashes.
trait trait_of(std::uint64_t hash) noexcept {
  return static_cast<trait>(hash * 0x9e3779b97f4a7c15 >> 48);
}

void append(std::string& to, trait what) {
  char bytes[sizeof what];
  std::memcpy(bytes, &what, sizeof what);
  to.append(bytes, sizeof what);
}

std::string traits_of(const schemas::image& record) {
  std::string traits;
  for (const auto& tag : record.properties.tags)
    append(traits, trait_of_tag(tag));
  for (const auto& [name, value] : record.properties.extra)
    append(traits, trait_of_property(name, value));
  if (const auto& facts = record.facts) {
    append(traits, trait_of_property("checksum", facts->md5));
    append(traits, trait_of_property("os_hash_algo", facts->os_hash_algo));
    append(traits, trait_of_property("os_hash_value", facts->os_hash_value));
  }
  return traits;
}

}  // namespace

trait trait_of_tag(std::string_view tag) noexcept {
  return trait_of(stable_hash(tag));
}

trait trait_of_property(std::string_view name, std::string_view value) noexcept {
  return trait_of(stable_hash(value, stable_hash(name) + 1));
}

bool may_have(const image_row& row, trait wanted) noexcept {
  for (std::size_t at = 0; at < row.traits.size(); at += sizeof wanted)
    if (std::memcmp(row.traits.data() + at, &wanted, sizeof wanted) == 0)
      return true;
  return false;
}

image_row row_of(const schemas::image& record) {
  const auto& properties = record.properties;
  image_row row;
  row.id = record.id;
  row.owner = record.owner;
  row.visibility = schemas::visibility_of(record);
  if (properties.name)
    row.name = *properties.name;
  if (properties.disk_format)
    row.disk_format = *properties.disk_format;
  if (properties.container_format)
    row.container_format = *properties.container_format;
  row.status = record.status;
  row.is_protected = properties.is_protected;
  row.os_hidden = properties.os_hidden;
  row.min_disk = properties.min_disk;
  row.min_ram = properties.min_ram;
  if (record.facts) {
    row.size = record.facts->size;
    row.virtual_size = record.facts->virtual_size;
  }
  row.created_at = record.created_at;
  row.updated_at = record.updated_at;
  return row;
}

std::string encode_row(const schemas::image& record) {
  const auto row = row_of(record);
  const auto traits = traits_of(record).substr(0, 0xfffe);
  const auto name = row.name.value_or("").substr(0, 0xffff);
  const auto owner = row.owner.substr(0, 0xff);
  const auto disk_format = row.disk_format.substr(0, 0xff);
  const auto container_format = row.container_format.substr(0, 0xff);
  fixed_part fixed{};
  fixed.size = row.size.value_or(0);
  fixed.virtual_size = row.virtual_size.value_or(0);
  fixed.updated_at = row.updated_at.time_since_epoch().count();
  fixed.min_disk = row.min_disk;
  fixed.min_ram = row.min_ram;
  fixed.name_bytes = static_cast<std::uint16_t>(name.size());
  fixed.traits_bytes = static_cast<std::uint16_t>(traits.size());
  fixed.owner_bytes = static_cast<std::uint8_t>(owner.size());
  fixed.disk_format_bytes = static_cast<std::uint8_t>(disk_format.size());
  fixed.container_format_bytes = static_cast<std::uint8_t>(container_format.size());
  fixed.status = static_cast<std::uint8_t>(row.status);
  while (fixed.visibility < visibilities.size() && visibilities[fixed.visibility] != row.visibility)
    ++fixed.visibility;
  fixed.flags = static_cast<std::uint8_t>((row.is_protected ? flag_protected : 0) | (row.os_hidden ? flag_hidden : 0) |
                                          (row.name ? flag_name : 0) | (row.size ? flag_size : 0));
  std::string bytes(sizeof fixed, '\0');
  std::memcpy(bytes.data(), &fixed, sizeof fixed);
  return bytes.append(name).append(owner).append(disk_format).append(container_format).append(traits);
}

// Written so that the row is made where the caller has it: it is made for every image that a listing looks at.
std::optional<image_row> decode_row(std::string_view bytes) noexcept {
  std::optional<image_row> decoded;
  fixed_part fixed;
  if (bytes.size() < sizeof fixed)
    return decoded;
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  const auto texts = std::size_t{fixed.name_bytes} + fixed.owner_bytes + fixed.disk_format_bytes +
                     fixed.container_format_bytes + fixed.traits_bytes;
  if (bytes.size() != sizeof fixed + texts || fixed.traits_bytes % sizeof(trait) != 0 ||
      fixed.status >= schemas::image_statuses.size())
    return decoded;
  auto& row = decoded.emplace();
  const auto* const name = bytes.data() + sizeof fixed;
  const auto* const owner = name + fixed.name_bytes;
  const auto* const disk_format = owner + fixed.owner_bytes;
  const auto* const container_format = disk_format + fixed.disk_format_bytes;
  const auto* const traits = container_format + fixed.container_format_bytes;
  if ((fixed.flags & flag_name) != 0)
    row.name.emplace(name, std::size_t{fixed.name_bytes});
  row.owner = {owner, fixed.owner_bytes};
  row.disk_format = {disk_format, fixed.disk_format_bytes};
  row.container_format = {container_format, fixed.container_format_bytes};
  row.traits = {traits, fixed.traits_bytes};
  row.status = static_cast<schemas::image_status>(fixed.status);
  if (fixed.visibility < visibilities.size())
    row.visibility = visibilities[fixed.visibility];
  row.is_protected = (fixed.flags & flag_protected) != 0;
  row.os_hidden = (fixed.flags & flag_hidden) != 0;
  row.min_disk = fixed.min_disk;
  row.min_ram = fixed.min_ram;
  if ((fixed.flags & flag_size) != 0) {
    row.size = std::uint64_t{fixed.size};
    row.virtual_size = std::uint64_t{fixed.virtual_size};
  }
  row.updated_at = schemas::time_point{schemas::time_point::duration{fixed.updated_at}};
  return decoded;
}

}  // namespace sluice::persistence
