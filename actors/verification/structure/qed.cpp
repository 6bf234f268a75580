// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qed.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/table_entries.hpp"

namespace sluice::actors::verification::structure {
namespace {

using formats::read_little_endian;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::string_view magic{"QED\0", 4};
constexpr std::uint64_t header_end = 64;
constexpr std::uint64_t backing_file = 1U << 0;
constexpr std::uint64_t need_check = 1U << 1;
constexpr std::uint64_t backing_format_no_probe = 1U << 2;
constexpr std::uint64_t zero_cluster = 1;

struct qed_header {
  std::uint64_t cluster = 0;         ///< bytes
  std::uint64_t table_clusters = 0;  ///< of the L1 table and of each L2 table
  std::uint64_t header_clusters = 0;
  std::uint64_t features = 0;
  std::uint64_t l1_offset = 0;
  std::uint64_t size = 0;

  [[nodiscard]] std::uint64_t table_bytes() const noexcept { return table_clusters * cluster; }
  [[nodiscard]] std::uint64_t table_entries() const noexcept { return table_bytes() / 8; }
};

schemas::unexpected<schemas::failure> damaged(error_code code, const std::string& what) {
  const auto* const advice = code == error_code::image_truncated
                                 ? ". The file was cut off: get it anew, and give 'expect.size' or 'expect.checksum' "
                                   "to notice it at once."
                                 : ". The image is damaged or forged: get it anew, or write it afresh with 'qemu-img "
                                   "convert -O qcow2 IMAGE NEW'.";
  return refuse(code, what + advice);
}

result<void> check_features(const qed_header& header, const walk_policy& policy) {
  if ((header.features & (backing_file | backing_format_no_probe)) != 0)
    return refuse(error_code::backing_file,
                  "The QED image depends on a backing file, which is never opened. Merge the two with 'qemu-img "
                  "convert -O qcow2 IMAGE NEW' and import the result.");
  if ((header.features & ~need_check) != 0)
    return refuse(error_code::unknown_feature,
                  "The QED image uses a feature that is not known here. Convert it with 'qemu-img convert -O qcow2 "
                  "IMAGE NEW'.");
  if ((header.features & need_check) != 0 && !policy.accept_dirty)
    return refuse(error_code::image_corrupt,
                  "The QED image was not closed properly. Repair it with 'qemu-img check -r all IMAGE' and import it "
                  "again.");
  return {};
}

result<void> check_geometry(const qed_header& header, const walk_policy& policy) {
  if (header.cluster < (4U << 10) || header.cluster > (64U << 20) || !std::has_single_bit(header.cluster) ||
      header.table_clusters < 2 || header.table_clusters > 16 || !std::has_single_bit(header.table_clusters) ||
      header.header_clusters == 0 || header.header_clusters > 0xffffffffU / header.cluster)
    return damaged(
        error_code::image_corrupt,
        "The QED header's clusters must be 4 KiB to 64 MiB, and its tables 2 to 16 clusters long (QEMU opens "
        "none with 1), powers of two; they are not");
  const auto l2_covers = header.table_entries() * header.cluster;  // at most 2^53
  if (header.size == 0 || header.size % 512 != 0 || (header.size - 1) / l2_covers >= header.table_entries())
    return damaged(error_code::virtual_size_invalid, "The QED image claims a virtual size of " +
                                                         std::to_string(header.size) +
                                                         " bytes; it must be a multiple of 512 that its tables cover");
  if (policy.max_virtual_size != 0 && header.size > policy.max_virtual_size)
    return refuse(error_code::virtual_size_too_large,
                  "The QED image is a disk of " + std::to_string(header.size) + " bytes; the operator allows " +
                      std::to_string(policy.max_virtual_size) + ". Import a smaller disk.");
  return {};
}

result<qed_header> read_header(image_bytes& image, const walk_policy& policy) {
  if (image.size() < header_end)
    return damaged(error_code::image_truncated, "The QED image ends inside its header");
  std::array<std::byte, header_end> front{};
  if (auto read = image.read(0, front); !read)
    return schemas::unexpected<schemas::failure>{read.error()};
  if (!formats::holds(front, 0, magic))
    return refuse(error_code::not_an_image,
                  "The file does not begin as a QED image does. Check that the location names the disk "
                  "image itself.");
  qed_header header;
  header.cluster = read_little_endian<std::uint32_t>(front, 4);
  header.table_clusters = read_little_endian<std::uint32_t>(front, 8);
  header.header_clusters = read_little_endian<std::uint32_t>(front, 12);
  header.features = read_little_endian<std::uint64_t>(front, 16);
  header.l1_offset = read_little_endian<std::uint64_t>(front, 40);
  header.size = read_little_endian<std::uint64_t>(front, 48);
  if (auto judged = check_features(header, policy).and_then([&] { return check_geometry(header, policy); }); !judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return header;
}

/// Which clusters are used; none is used twice.
class clusters_used {
 public:
  clusters_used(const qed_header& header, std::uint64_t file_size)
      : cluster_{header.cluster}, whole_{file_size / header.cluster}, used_(whole_) {}

  result<void> claim(std::string_view what, std::uint64_t offset, std::uint64_t clusters) {
    const auto at = [&] { return std::string{what} + " of the QED image at offset " + std::to_string(offset); };
    if (offset % cluster_ != 0)
      return damaged(error_code::image_corrupt, at() + " does not start at a cluster's boundary");
    const auto first = offset / cluster_;
    if (!formats::lies_within(first, clusters, whole_))
      return damaged(error_code::image_truncated,
                     at() + " is not wholly in the file's " + std::to_string(whole_) + " clusters");
    for (auto cluster = first; cluster < first + clusters; ++cluster) {
      if (used_[cluster])
        return damaged(error_code::overlapping_structures, at() + " uses a cluster that something else uses as well");
      used_[cluster] = true;
    }
    return {};
  }

 private:
  std::uint64_t cluster_;
  std::uint64_t whole_;
  std::vector<bool> used_;
};

}  // namespace

result<walk_findings> walk_qed(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto forward = [](const auto& judged) { return schemas::unexpected<schemas::failure>{judged.error()}; };
  const auto header = read_header(image, policy);
  if (!header)
    return forward(header);
  if (auto taken = budget.take(image.size() / header->cluster / 8); !taken)
    return forward(taken);
  clusters_used used{*header, image.size()};
  walk_findings findings;
  findings.disk_format = "qed";
  findings.virtual_size = header->size;
  const auto l2_covers = header->table_entries() * header->cluster;
  const auto follow_l2 = [&](std::uint64_t index, std::uint64_t table) {
    return for_each_entry<std::uint64_t, byte_order::little>(
        image, budget, table, header->table_entries(), [&](std::uint64_t entry, std::uint64_t offset) -> result<void> {
          if (offset == 0 || offset == zero_cluster)
            return {};
          // An L1 index under 2^27 times at most 2^53 could overflow; entries past the disk hold nothing of it.
          if (index <= header->size / l2_covers) {
            const auto guest = index * l2_covers + entry * header->cluster;
            findings.allocated += std::min(header->cluster, header->size - std::min(header->size, guest));
          }
          return used.claim("The data cluster", offset, 1);
        });
  };
  const auto judged =
      used.claim("The header", 0, header->header_clusters)
          .and_then([&] { return used.claim("The L1 table", header->l1_offset, header->table_clusters); })
          .and_then([&] {
            return for_each_entry<std::uint64_t, byte_order::little>(
                image, budget, header->l1_offset, header->table_entries(),
                [&](std::uint64_t index, std::uint64_t offset) -> result<void> {
                  if (offset == 0)
                    return {};
                  return used.claim("The L2 table", offset, header->table_clusters).and_then([&] {
                    return follow_l2(index, offset);
                  });
                });
          });
  if (!judged)
    return forward(judged);
  return findings;
}

}  // namespace sluice::actors::verification::structure
