// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vdi.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/table_entries.hpp"

namespace sluice::actors::verification::structure {
namespace {

using formats::bytes_view;
using formats::read_little_endian;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t signature_offset = 0x40;
constexpr std::string_view signature{"\x7f\x10\xda\xbe", 4};
constexpr std::uint64_t header_end = 0x200;
constexpr std::uint64_t block = std::uint64_t{1} << 20;  // bytes; the only length that hypervisors share
constexpr std::uint64_t most_blocks = 0x1fffffff;        // QEMU's own limit
constexpr std::uint32_t version_1_1 = 0x00010001;
constexpr std::uint32_t dynamic_disk = 1;
constexpr std::uint32_t static_disk = 2;
// Block map entries that are no block: never written, and all zeros.
constexpr std::uint32_t first_special = 0xfffffffe;

struct vdi_header {
  std::uint32_t type = 0;
  std::uint64_t map_offset = 0;
  std::uint64_t data_offset = 0;
  std::uint64_t size = 0;  ///< bytes, as written
  std::uint64_t blocks = 0;
  std::uint64_t allocated = 0;

  [[nodiscard]] std::uint64_t virtual_size() const noexcept { return formats::round_up(size, 512); }
};

schemas::unexpected<schemas::failure> damaged(error_code code, const std::string& what) {
  const auto* const advice = code == error_code::image_truncated
                                 ? ". The file was cut off: get it anew, and give 'expect.size' or 'expect.checksum' "
                                   "to notice it at once."
                                 : ". The image is damaged or forged: get it anew, or write it afresh with 'VBoxManage "
                                   "clonemedium' or 'qemu-img convert'.";
  return refuse(code, what + advice);
}

result<void> check_kind(bytes_view front) {
  if (read_little_endian<std::uint32_t>(front, 0x44) != version_1_1)
    return refuse(error_code::unknown_feature,
                  "The VDI has a version other than 1.1. Convert it with 'VBoxManage clonemedium' or 'qemu-img "
                  "convert'.");
  const auto type = read_little_endian<std::uint32_t>(front, 0x4c);
  if ((type != dynamic_disk && type != static_disk) || !formats::all_zero(formats::slice(front, 0x1a8, 32)))
    return refuse(error_code::differencing_disk,
                  "The VDI only holds the differences from a parent disk, which is never opened. Merge them with "
                  "'VBoxManage clonemedium' and import the result.");
  if (read_little_endian<std::uint32_t>(front, 0x178) != block || read_little_endian<std::uint32_t>(front, 0x17c) != 0)
    return refuse(error_code::unknown_feature,
                  "The VDI's blocks are not plain ones of 1 MiB, which hypervisors other than VirtualBox cannot read. "
                  "Convert it with 'VBoxManage clonemedium' or 'qemu-img convert -O qcow2'.");
  if (read_little_endian<std::uint32_t>(front, 0x168) != 512)
    return damaged(error_code::image_corrupt, "The VDI header's sectors must be 512 bytes long; they are not");
  return {};
}

result<void> check_geometry(const vdi_header& header, std::uint64_t file_size, const walk_policy& policy) {
  if (header.size == 0 || header.blocks > most_blocks || header.size > header.blocks * block)
    return damaged(error_code::virtual_size_invalid, "The VDI claims a virtual size of " + std::to_string(header.size) +
                                                         " bytes; its blocks hold at most " +
                                                         std::to_string(header.blocks * block));
  if (policy.max_virtual_size != 0 && header.virtual_size() > policy.max_virtual_size)
    return refuse(error_code::virtual_size_too_large,
                  "The VDI is a disk of " + std::to_string(header.virtual_size()) + " bytes; the operator allows " +
                      std::to_string(policy.max_virtual_size) + ". Import a smaller disk.");
  if (header.map_offset < header_end || header.map_offset % 512 != 0 || header.data_offset % 512 != 0)
    return damaged(error_code::image_corrupt, "The VDI's block map and data must start at sectors behind its header");
  if (header.data_offset < header.map_offset + header.blocks * 4)
    return damaged(error_code::overlapping_structures, "The VDI's block map and data overlap");
  if (header.allocated > header.blocks || (header.type == static_disk && header.allocated != header.blocks))
    return damaged(error_code::image_corrupt, "The VDI says that it holds " + std::to_string(header.allocated) +
                                                  " of " + std::to_string(header.blocks) +
                                                  " blocks, which its kind does not allow");
  const auto end = header.data_offset + header.allocated * block;
  if (end > file_size)
    return damaged(error_code::image_truncated, "The VDI must be " + std::to_string(end) + " bytes long to hold its " +
                                                    std::to_string(header.allocated) +
                                                    " blocks of 1 MiB, but the file has only " +
                                                    std::to_string(file_size));
  if (end < file_size && !policy.accept_trailing_bytes)
    return damaged(error_code::image_corrupt,
                   "The file has " + std::to_string(file_size - end) + " bytes behind the VDI's last block");
  return {};
}

result<vdi_header> read_header(image_bytes& image, const walk_policy& policy) {
  if (image.size() < header_end)
    return damaged(error_code::image_truncated, "The VDI ends inside its header");
  std::array<std::byte, header_end> front{};
  if (auto read = image.read(0, front); !read)
    return schemas::unexpected<schemas::failure>{read.error()};
  if (!formats::holds(front, signature_offset, signature))
    return refuse(error_code::not_an_image,
                  "The file does not begin as a VDI does. Check that the location names the disk "
                  "image itself.");
  vdi_header header;
  header.type = read_little_endian<std::uint32_t>(front, 0x4c);
  header.map_offset = read_little_endian<std::uint32_t>(front, 0x154);
  header.data_offset = read_little_endian<std::uint32_t>(front, 0x158);
  header.size = read_little_endian<std::uint64_t>(front, 0x170);
  header.blocks = read_little_endian<std::uint32_t>(front, 0x180);
  header.allocated = read_little_endian<std::uint32_t>(front, 0x184);
  if (auto judged = check_kind(front).and_then([&] { return check_geometry(header, image.size(), policy); }); !judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return header;
}

}  // namespace

result<walk_findings> walk_vdi(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto forward = [](const auto& judged) { return schemas::unexpected<schemas::failure>{judged.error()}; };
  const auto header = read_header(image, policy);
  if (!header)
    return forward(header);
  // The blocks counted are in the file, so this follows the file's size.
  if (auto taken = budget.take(header->allocated / 8); !taken)
    return forward(taken);
  std::vector<bool> used(header->allocated);
  std::uint64_t found = 0;
  walk_findings findings;
  findings.disk_format = "vdi";
  findings.virtual_size = header->virtual_size();
  auto judged = for_each_entry<std::uint32_t, byte_order::little, zero_entries::count>(
      image, budget, header->map_offset, header->blocks, [&](std::uint64_t index, std::uint32_t entry) -> result<void> {
        if (entry >= first_special)
          return {};
        if (entry >= header->allocated)
          return damaged(error_code::image_corrupt, "The VDI's block map names block " + std::to_string(entry) +
                                                        ", but its header counts only " +
                                                        std::to_string(header->allocated));
        if (used[entry])
          return damaged(error_code::amplification, "The VDI's block " + std::to_string(entry) +
                                                        " stands for several places of the guest's disk, which no "
                                                        "sound image does");
        used[entry] = true;
        ++found;
        findings.allocated += std::min(block, header->virtual_size() - std::min(header->virtual_size(), index * block));
        return {};
      });
  if (judged && found != header->allocated)
    judged = damaged(error_code::image_corrupt, "The VDI's header counts " + std::to_string(header->allocated) +
                                                    " blocks, but its block map names " + std::to_string(found));
  if (!judged)
    return forward(judged);
  return findings;
}

}  // namespace sluice::actors::verification::structure
