// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/qed.hpp"

#include <bit>

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::string_view magic{"QED\0", 4};
constexpr std::size_t header_end = 64;
constexpr std::uint64_t backing_file = 1U << 0;
constexpr std::uint64_t need_check = 1U << 1;
constexpr std::uint64_t backing_format_no_probe = 1U << 2;

result<void> check_features(bytes_view front) {
  const auto features = read_little_endian<std::uint64_t>(front, 16);
  if ((features & (backing_file | backing_format_no_probe)) != 0)
    return refuse(
        error_code::backing_file,
        "The QED image depends on a backing file, which is never opened. Merge the two with 'qemu-img convert "
        "-O qcow2 IMAGE NEW' and import the result.");
  if ((features & ~(backing_file | need_check | backing_format_no_probe)) != 0)
    return refuse(
        error_code::unknown_feature,
        "The QED image uses a feature that is not known here. Convert it with 'qemu-img convert -O qcow2 IMAGE "
        "NEW'.");
  if ((features & need_check) != 0)
    return refuse(
        error_code::image_corrupt,
        "The QED image was not closed properly. Repair it with 'qemu-img check -r all IMAGE' and import it again.");
  return {};
}

}  // namespace

presence qed_inspector::recognise(const image_window& window) {
  return magic_at(window, 0, magic);
}

result<void> qed_inspector::examine(const image_window& window) {
  const auto front = window.front;
  if (front.size() < header_end) {
    if (!window.ended)
      return {};
    return refuse(error_code::image_truncated,
                  "The QED image ends inside its header. The file was cut off: get it anew.");
  }
  const auto features = check_features(front);
  if (!features)
    return features;
  const std::uint64_t cluster = read_little_endian<std::uint32_t>(front, 4);
  const std::uint64_t table_clusters = read_little_endian<std::uint32_t>(front, 8);
  const std::uint64_t header_clusters = read_little_endian<std::uint32_t>(front, 12);
  const auto l1_offset = read_little_endian<std::uint64_t>(front, 40);
  const auto size = read_little_endian<std::uint64_t>(front, 48);
  if (cluster < (4 << 10) || cluster > (64 << 20) || !std::has_single_bit(cluster) || table_clusters == 0 ||
      table_clusters > 16 || !std::has_single_bit(table_clusters) || header_clusters == 0 || l1_offset % cluster != 0 ||
      l1_offset < header_clusters * cluster)
    return refuse(
        error_code::image_corrupt,
        "The QED header's cluster size, table size or table place is impossible. The header is damaged: get the "
        "image anew.");
  const auto entries = table_clusters * cluster / 8;  // at most 2^27
  const auto l2_covers = entries * cluster;           // at most 2^53
  if (size % 512 != 0 || size / entries > l2_covers)
    return refuse(error_code::virtual_size_invalid,
                  "The QED image claims a virtual size of " + std::to_string(size) +
                      " bytes, more than its tables cover or not a multiple of 512. Get the image anew.");
  virtual_size_ = size;
  if (window.total && !lies_within(l1_offset, table_clusters * cluster, *window.total))
    return refuse(error_code::image_truncated,
                  "The QED image ends before its L1 table does. The file was cut off: get it anew.");
  return {};
}

result<std::uint64_t> qed_inspector::finish(const image_window& window) {
  const auto judged = examine(window);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
