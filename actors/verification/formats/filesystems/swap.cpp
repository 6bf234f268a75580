// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"

namespace sluice::actors::verification::formats::filesystems {

/// Swap space with pages of 4 KiB: Linux include/linux/swap.h, union swap_header.
std::optional<filesystem_extent> read_swap(bytes_view front) {
  constexpr std::uint64_t page = 4096;
  if (front.size() < page || !holds(front, page - 10, "SWAPSPACE2"))
    return std::nullopt;
  const std::uint64_t last_page = read_little_endian<std::uint32_t>(front, 1028);
  const auto bad_pages = read_little_endian<std::uint32_t>(front, 1032);
  if (read_little_endian<std::uint32_t>(front, 1024) != 1 || last_page == 0 || bad_pages > 637)
    return std::nullopt;
  return filesystem_extent{(last_page + 1) * page};
}

}  // namespace sluice::actors::verification::formats::filesystems
