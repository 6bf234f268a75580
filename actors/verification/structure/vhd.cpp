// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vhd.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "actors/verification/formats/vhd_headers.hpp"
#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/pieces.hpp"
#include "actors/verification/structure/virtual_size.hpp"

namespace sluice::actors::verification::structure {
namespace {

using formats::bytes_view;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t footer_size = formats::vhd_footer_size;
constexpr std::uint32_t unallocated = 0xFFFFFFFF;

result<void> damaged(std::string_view what) {
  return refuse(error_code::image_corrupt, "The VHD is damaged: " + std::string{what} +
                                               ". Get it anew, or write it afresh with 'qemu-img convert -O vpc'.");
}

result<void> cut_off(std::string_view what) {
  return refuse(error_code::image_truncated,
                "The VHD " + std::string{what} +
                    ". The file was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at "
                    "once.");
}

/// One dynamic disk and what is known of it so far.
class dynamic_walk {
 public:
  dynamic_walk(image_bytes& image, walk_budget& budget)
      : image_{image}, budget_{budget}, map_{image.size(), sector, budget} {}

  result<walk_findings> run(const walk_policy& policy) {
    auto judged = read_footers();
    if (judged)
      judged = check_virtual_size(virtual_size_, policy);
    if (judged)
      judged = read_header();
    if (judged)
      judged = follow_table();
    if (!judged)
      return schemas::unexpected<schemas::failure>{judged.error()};
    return walk_findings{"vhd", virtual_size_, std::min(allocated_, virtual_size_), {}};
  }

 private:
  result<void> read_footers() {
    if (image_.size() < 2 * footer_size + formats::vhd_dynamic_header_size)
      return cut_off("ends before its header does");
    auto judged = image_.read(0, footer_);
    std::array<std::byte, footer_size> last{};
    if (judged)
      judged = image_.read(image_.size() - footer_size, last);
    if (!judged)
      return judged;
    judged = formats::check_vhd_footer(footer_);
    if (!judged)
      return judged;
    if (formats::read_big_endian<std::uint32_t>(footer_, 60) != formats::vhd_dynamic_disk)
      return damaged("it begins with a footer that is not a dynamic disk's");
    if (!formats::holds(last, 0, formats::vhd_footer_cookie))
      return cut_off("does not end with its footer");
    if (footer_ != last)
      return damaged("the footer at its end and the copy at its beginning differ");
    virtual_size_ = formats::vhd_visible_size(footer_);
    judged = map_.claim(0, footer_size, "the copy of the footer");
    if (judged)
      judged = map_.claim(image_.size() - footer_size, footer_size, "the footer");
    return judged;
  }

  result<void> read_header() {
    const auto offset = formats::read_big_endian<std::uint64_t>(footer_, 16);
    auto judged = map_.claim(offset, formats::vhd_dynamic_header_size, "the header");
    if (!judged)
      return judged;
    const auto bytes = read_bytes(image_, offset, formats::vhd_dynamic_header_size);
    if (!bytes)
      return schemas::unexpected<schemas::failure>{bytes.error()};
    const auto header = formats::read_vhd_dynamic_header(*bytes, offset, virtual_size_, image_.size());
    if (!header)
      return schemas::unexpected<schemas::failure>{header.error()};
    header_ = *header;
    bitmap_size_ = formats::round_up((header_.block / sector + 7) / 8, sector);
    return map_.claim(header_.table, formats::round_up(header_.entries * 4, sector), "the block table");
  }

  result<void> follow_table() {
    return for_each_piece(image_, budget_, header_.table, header_.entries * 4,
                          [this](std::uint64_t position, bytes_view piece) {
                            result<void> judged;
                            for (std::size_t i = 0; i < piece.size() && judged; i += 4) {
                              const auto entry = formats::read_big_endian<std::uint32_t>(piece, i);
                              if (entry != unallocated)
                                judged = follow_block((position + i) / 4, entry * sector);
                            }
                            return judged;
                          });
  }

  /// Blocks behind the virtual size are checked like the others: QEMU looks at every entry.
  result<void> follow_block(std::uint64_t index, std::uint64_t offset) {
    auto judged = map_.claim_unit(offset, bitmap_size_ + header_.block, "a block");
    const auto start = index * header_.block;
    if (!judged || start >= virtual_size_)
      return judged;
    const auto visible = std::min(header_.block, virtual_size_ - start);
    allocated_ += visible;
    return check_unwritten(offset, visible / sector);
  }

  /// Bit 7 of the bitmap's first byte is sector 0.
  result<void> check_unwritten(std::uint64_t offset, std::uint64_t sectors) {
    std::uint64_t run = 0;  // where unwritten sectors began
    std::uint64_t next = 0;
    auto judged = for_each_piece(
        image_, budget_, offset, (sectors + 7) / 8, [&](std::uint64_t, bytes_view piece) -> result<void> {
          for (const auto byte : piece) {
            const auto bits = std::to_integer<unsigned>(byte);
            if (bits == 0 || (bits == 0xFF && run == next)) {  // most are: eight sectors at once
              next += 8;
              run = bits == 0 ? run : next;
              continue;
            }
            for (unsigned bit = 0; bit < 8; ++bit, ++next) {
              if ((bits & (0x80U >> bit)) == 0)
                continue;
              auto zeros = next > run ? check_zeros(offset, run, std::min(next, sectors)) : result<void>{};
              if (!zeros)
                return zeros;
              run = next + 1;
            }
          }
          return {};
        });
    if (judged && run < sectors)
      judged = check_zeros(offset, run, sectors);
    return judged;
  }

  result<void> check_zeros(std::uint64_t block, std::uint64_t first, std::uint64_t last) {
    if (first >= last)
      return {};
    const auto data = block + bitmap_size_;
    const auto end = data + last * sector;
    const auto start = std::min(image_.next_data(data + first * sector), end);
    return for_each_piece(image_, budget_, start, end - start, [](std::uint64_t, bytes_view piece) {
      return formats::all_zero(piece)
                 ? result<void>{}
                 : damaged("a block holds data in sectors that its bitmap says were never written");
    });
  }

  image_bytes& image_;
  walk_budget& budget_;
  file_map map_;
  std::array<std::byte, footer_size> footer_{};
  formats::vhd_dynamic_header header_;
  std::uint64_t virtual_size_ = 0;
  std::uint64_t bitmap_size_ = 0;
  std::uint64_t allocated_ = 0;
};

result<walk_findings> walk_fixed(image_bytes& image, const walk_policy& policy) {
  const auto footer = read_bytes(image, image.size() - footer_size, footer_size);
  if (!footer)
    return schemas::unexpected<schemas::failure>{footer.error()};
  if (!formats::ends_with_vhd_footer(*footer))
    return schemas::unexpected<schemas::failure>{cut_off("does not end with its footer").error()};
  const auto size = formats::judge_fixed_vhd(*footer, image.size());
  if (!size)
    return schemas::unexpected<schemas::failure>{size.error()};
  const auto judged = check_virtual_size(*size, policy);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return walk_findings{"vhd", *size, *size, {}};
}

}  // namespace

result<walk_findings> walk_vhd(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  std::array<std::byte, 8> magic{};
  if (image.size() < footer_size)
    return schemas::unexpected<schemas::failure>{cut_off("ends before its footer does").error()};
  const auto judged = image.read(0, magic);
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  if (!formats::holds(magic, 0, formats::vhd_footer_cookie))
    return walk_fixed(image, policy);
  return dynamic_walk{image, budget}.run(policy);
}

}  // namespace sluice::actors::verification::structure
