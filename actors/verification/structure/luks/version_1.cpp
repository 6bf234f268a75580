// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/luks/luks_volume.hpp"

namespace sluice::actors::verification::structure::luks {
namespace {

using formats::bytes_view;
using formats::read_big_endian;
using schemas::failure;
using schemas::result;

constexpr std::uint64_t header_size = 592;
constexpr std::uint32_t slot_active = 0x00AC71F3;
constexpr std::uint32_t slot_inactive = 0x0000DEAD;

/// A name of a cipher, mode or hash: printable, and ended by a zero within its 32 bytes.
bool is_name(bytes_view field) {
  const auto text = formats::as_text(field);
  const auto end = text.find('\0');
  if (end == 0 || end == text.npos)
    return false;
  for (const char letter : text.substr(0, end))
    if (letter <= ' ' || letter > '~')
      return false;
  return true;
}

std::uint64_t key_length(bytes_view header) {
  return read_big_endian<std::uint32_t>(header, 108);
}

result<void> check_slot(bytes_view slot, std::uint64_t key_bytes, std::uint64_t payload, file_map& map) {
  const auto state = read_big_endian<std::uint32_t>(slot, 0);
  if (state != slot_active && state != slot_inactive)
    return impossible("key slot state");
  const auto iterations = read_big_endian<std::uint32_t>(slot, 4);
  if (state == slot_active && (iterations == 0 || iterations > most_iterations))
    return impossible("iteration count");
  if (read_big_endian<std::uint32_t>(slot, 44) != stripes)
    return impossible("stripe count");
  const auto material = std::uint64_t{read_big_endian<std::uint32_t>(slot, 40)} * 512;
  const auto length = formats::round_up(key_bytes * stripes, 512);
  if (material < header_size || material + length > payload)
    return impossible("key slot place");
  // Slots without a key keep their place too.
  return map.claim(material, length, "key material");
}

/// Where the payload begins, in bytes; all of the header but its key slots.
result<std::uint64_t> payload_of(bytes_view header) {
  for (const std::size_t name : {8U, 40U, 72U})
    if (!is_name(formats::slice(header, name, 32)))
      return impossible("name of a cipher or hash");
  const std::uint64_t payload = std::uint64_t{read_big_endian<std::uint32_t>(header, 104)} * 512;
  const std::uint64_t key_bytes = key_length(header);
  const auto iterations = read_big_endian<std::uint32_t>(header, 164);
  if (key_bytes < 16 || key_bytes > 128)
    return impossible("key length");
  if (payload < header_size)
    return impossible("payload offset");
  if (iterations == 0 || iterations > most_iterations)
    return impossible("iteration count");
  return payload;
}

/// The header's own bytes and those of its eight keys, all of them before `end`.
result<void> claim_keys(bytes_view header, std::uint64_t end, file_map& map) {
  auto claimed = map.claim(0, header_size, "the header");
  for (std::size_t slot = 0; claimed && slot < 8; ++slot)
    claimed = check_slot(formats::slice(header, 208 + slot * 48, 48), key_length(header), end, map);
  return claimed;
}

}  // namespace

result<std::uint64_t> walk_version_1(image_bytes& image, walk_budget& budget) {
  const auto header = image_piece::read(image, 0, header_size, budget);
  if (!header)
    return schemas::unexpected<failure>{header.error()};
  const auto payload = payload_of(header->bytes());
  if (!payload)
    return payload;
  const auto total = formats::round_up(image.size(), 512);
  if (*payload >= total)
    return cut_off(*payload + 512, image.size());
  file_map map{total, 512, budget};
  const auto claimed = claim_keys(header->bytes(), *payload, map).and_then([&] {
    return map.claim(*payload, total - *payload, "the payload");
  });
  if (!claimed)
    return schemas::unexpected<failure>{claimed.error()};
  return total - *payload;
}

result<void> walk_detached_header(image_bytes& area, walk_budget& budget) {
  const auto header = image_piece::read(area, 0, header_size, budget);
  if (!header)
    return schemas::unexpected<failure>{header.error()};
  const auto payload = payload_of(header->bytes());
  if (!payload)
    return schemas::unexpected<failure>{payload.error()};
  file_map map{formats::round_up(area.size(), 512), 512, budget};
  return claim_keys(header->bytes(), std::min(*payload, area.size()), map);
}

}  // namespace sluice::actors::verification::structure::luks
