// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/luks.hpp"

#include <charconv>

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::string_view magic{"LUKS\xba\xbe", 6};
constexpr std::size_t version_1_header = 592;
constexpr std::size_t version_2_header = 4096;
constexpr std::uint32_t slot_active = 0x00AC71F3;
constexpr std::uint32_t slot_inactive = 0x0000DEAD;
constexpr std::uint32_t most_iterations =
    100'000'000;                                // a minute of work on a slow core: more is an attack on the host
constexpr std::uint32_t most_stripes = 10'000;  // the format's own number is 4000

result<void> corrupt(std::string_view what) {
  return refuse(error_code::image_corrupt, "The LUKS header's " + std::string{what} +
                                               " is impossible. The header is damaged: get the image anew.");
}

/// Version 1; returns the payload's offset in bytes.
result<std::uint64_t> examine_version_1(bytes_view front) {
  const auto key_bytes = read_big_endian<std::uint32_t>(front, 108);
  const std::uint64_t payload = std::uint64_t{read_big_endian<std::uint32_t>(front, 104)} * 512;
  const auto wrong = [](std::string_view what) { return schemas::unexpected<schemas::failure>{corrupt(what).error()}; };
  if (key_bytes < 16 || key_bytes > 128)
    return wrong("key length");
  if (payload < version_1_header)
    return wrong("payload offset");
  if (read_big_endian<std::uint32_t>(front, 164) > most_iterations)
    return wrong("iteration count");
  for (std::size_t slot = 0; slot < 8; ++slot) {
    const auto place = 208 + slot * 48;
    const auto state = read_big_endian<std::uint32_t>(front, place);
    if (state == slot_inactive)
      continue;
    const auto stripes = read_big_endian<std::uint32_t>(front, place + 44);
    const std::uint64_t material = std::uint64_t{read_big_endian<std::uint32_t>(front, place + 40)} * 512;
    if (state != slot_active)
      return wrong("key slot state");
    if (read_big_endian<std::uint32_t>(front, place + 4) > most_iterations)
      return wrong("iteration count");
    if (stripes == 0 || stripes > most_stripes)
      return wrong("stripe count");
    if (material < version_1_header || material + std::uint64_t{stripes} * key_bytes > payload)
      return wrong("key slot place");
  }
  return payload;
}

/// Version 2: the offset of the first segment, out of the header's JSON text; the format's default of 16 MiB if the
/// text does not show it.
result<std::uint64_t> examine_version_2(bytes_view front) {
  const auto length = read_big_endian<std::uint64_t>(front, 8);
  if (length < (16 << 10) || length > (4 << 20) || length % 4096 != 0)
    return schemas::unexpected<schemas::failure>{corrupt("length").error()};
  const auto text = as_text(front).substr(version_2_header);
  constexpr std::string_view key = "\"offset\":\"";
  const auto segments = text.find("\"segments\":{");
  const auto offset = segments == text.npos ? text.npos : text.find(key, segments);
  std::uint64_t payload = 16 << 20;
  if (offset != text.npos) {
    const auto digits = text.substr(offset + key.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), payload);
  }
  if (payload < 2 * length)
    return schemas::unexpected<schemas::failure>{corrupt("segment offset").error()};
  return payload;
}

}  // namespace

presence luks_inspector::recognise(const image_window& window) {
  return magic_at(window, 0, magic);
}

result<void> luks_inspector::examine(const image_window& window) {
  const auto version = read_big_endian<std::uint16_t>(window.front, 6);
  if (version != 1 && version != 2 && window.front.size() >= 8)
    return refuse(error_code::unknown_feature,
                  "The LUKS volume has version " + std::to_string(version) + "; versions 1 and 2 are known.");
  const bool short_of_header = window.front.size() < (version == 1 ? version_1_header : version_2_header);
  if (short_of_header || (version == 2 && !window.front_closed())) {
    if (!window.ended)
      return {};
    return refuse(error_code::image_truncated,
                  "The LUKS volume ends inside its header. The file was cut off: get it anew.");
  }
  const auto payload = version == 1 ? examine_version_1(window.front) : examine_version_2(window.front);
  if (!payload)
    return schemas::unexpected<schemas::failure>{payload.error()};
  payload_ = *payload;
  if (!window.total)
    return {};
  if (payload_ >= *window.total)
    return refuse(error_code::image_truncated,
                  "The LUKS volume ends before its encrypted data begins. The file was cut off: get it anew.");
  virtual_size_ = round_up(*window.total, 512) - payload_;
  return {};
}

result<std::uint64_t> luks_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
