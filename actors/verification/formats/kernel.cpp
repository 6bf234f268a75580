// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/kernel.hpp"

namespace sluice::actors::verification::formats {

presence kernel_inspector::recognise(const image_window& window) {
  if (window.front.size() < 518 && !window.front_closed())
    return presence::undecided;
  return holds(window.front, 0x1FE, {"\x55\xaa", 2}) && holds(window.front, 0x202, "HdrS") ? presence::present
                                                                                           : presence::absent;
}

schemas::result<void> kernel_inspector::examine(const image_window& window) {
  if (window.front.size() < 0x200)
    return {};
  // The 16-bit part and the protected-mode part, both by their own size fields.
  const std::uint64_t setup_sectors = read_byte(window.front, 0x1F1);
  const std::uint64_t paragraphs = read_little_endian<std::uint32_t>(window.front, 0x1F4);
  const auto needed = (1 + (setup_sectors == 0 ? 4 : setup_sectors)) * 512 + paragraphs * 16;
  // The count of paragraphs is rounded up.
  if (window.total && needed > *window.total + 16)
    return schemas::refuse(schemas::error_code::image_truncated,
                           "The Linux kernel says it has " + std::to_string(needed) + " bytes but the file has only " +
                               std::to_string(*window.total) + ". It was cut off: get it anew.");
  return {};
}

schemas::result<std::uint64_t> kernel_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return round_up(window.total.value_or(0), 512);
}

bool looks_like_kernel(bytes_view front) noexcept {
  return holds(front, 0,
               {"\x7f"
                "ELF",
                4}) ||
         holds(front, 0, "MZ") || holds(front, 0, {"\x1f\x8b", 2}) || holds(front, 56, {"ARM\x64", 4}) ||
         holds(front, 48, "RISCV");
}

bool looks_like_ramdisk(bytes_view front) noexcept {
  for (const std::string_view magic : {"070701", "070702", "070707"})
    if (holds(front, 0, magic))
      return true;
  return holds(front, 0, {"\x1f\x8b", 2}) ||
         holds(front, 0,
               {"\xfd"
                "7zXZ\0",
                6}) ||
         holds(front, 0, {"\x28\xb5\x2f\xfd", 4}) || holds(front, 0, "BZh") ||
         holds(front, 0, {"\x02\x21\x4c\x18", 4}) || holds(front, 0, {"\x5d\0\0", 3});
}

}  // namespace sluice::actors::verification::formats
