// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vmdk/grain_tables.hpp"

#include <algorithm>
#include <array>

#include "actors/verification/structure/pieces.hpp"
#include "actors/verification/structure/vmdk/refusals.hpp"

namespace sluice::actors::verification::structure::vmdk {
namespace {

using formats::bytes_view;
using formats::read_little_endian;
using formats::vmdk_sector;
using schemas::result;

constexpr std::uint32_t zero_grain = 1;

constexpr std::uint64_t sectors_of(std::uint64_t bytes) {
  return (bytes + vmdk_sector - 1) / vmdk_sector;
}

}  // namespace

std::uint64_t grain_tables::table_sectors() const noexcept {
  return sectors_of(std::uint64_t{header_.entries_per_table} * 4);
}

std::uint64_t grain_tables::directory_sectors() const noexcept {
  return sectors_of(header_.directory_bytes());
}

bool grain_tables::redundant() const noexcept {
  return header_.has_redundant_directory() && header_.redundant_directory != 0;
}

result<void> grain_tables::claim_directories(file_map& map) {
  const auto bytes = directory_sectors() * vmdk_sector;
  auto judged = map.claim(header_.directory * vmdk_sector, bytes, "the grain directory");
  if (judged && redundant())
    judged = map.claim(header_.redundant_directory * vmdk_sector, bytes, "the redundant grain directory");
  return judged;
}

result<void> grain_tables::follow(file_map& map, grain_visitor& visitor) {
  if (header_.directory > formats::vmdk_most_sectors ||
      (redundant() && header_.redundant_directory > formats::vmdk_most_sectors))
    return formats::vmdk_truncated();
  auto claimed = claim_directories(map);
  if (!claimed)
    return claimed;
  table_.resize(std::size_t{header_.entries_per_table} * 4);
  other_.resize(table_.size());
  std::vector<std::byte> copies;
  return for_each_piece(image_, budget_, header_.directory * vmdk_sector, header_.directory_bytes(),
                        [&](std::uint64_t position, bytes_view piece) {
                          copies.resize(redundant() ? piece.size() : 0);
                          auto judged = image_.read(
                              (redundant() ? header_.redundant_directory * vmdk_sector + position : 0), copies);
                          for (std::size_t i = 0; i < piece.size() && judged; i += 4) {
                            const auto place = read_little_endian<std::uint32_t>(piece, i);
                            const auto copy = read_little_endian<std::uint32_t>(copies, i);
                            if (redundant() && (place == 0) != (copy == 0))
                              return result<void>{damaged("its two grain directories differ")};
                            if (place != 0)
                              judged = follow_table(map, (position + i) / 4, place, copy, visitor);
                          }
                          return judged;
                        });
}

result<void> grain_tables::follow_table(file_map& map, std::uint64_t index, std::uint32_t place, std::uint32_t copy,
                                        grain_visitor& visitor) {
  auto judged = map.claim(place * vmdk_sector, table_sectors() * vmdk_sector, "a grain table");
  if (judged)
    judged = image_.read(place * vmdk_sector, table_);
  if (judged && copy != 0)
    judged = check_copy(map, copy);
  loaded_ = judged ? index : ~std::uint64_t{0};
  for (std::uint64_t i = 0; i < header_.entries_per_table && judged; ++i) {
    const auto grain = read_little_endian<std::uint32_t>(table_, i * 4);
    if (grain == 0 || (grain == zero_grain && header_.has_zero_grains()))
      continue;
    const auto position = (index * header_.entries_per_table + i) * header_.grain;
    if (position >= header_.capacity)
      return damaged("its tables name grains behind the end of the disk");
    judged = visitor.visit(position, grain, std::min(header_.grain, header_.capacity - position) * vmdk_sector);
  }
  return judged;
}

result<void> grain_tables::check_copy(file_map& map, std::uint32_t copy) {
  auto judged = map.claim(copy * vmdk_sector, table_sectors() * vmdk_sector, "a redundant grain table");
  if (judged)
    judged = image_.read(copy * vmdk_sector, other_);
  if (judged && table_ != other_)
    return damaged("a grain table and its redundant copy differ");
  return judged;
}

result<std::uint32_t> grain_tables::place_of(std::uint64_t position) {
  if (position >= header_.capacity || position % header_.grain != 0)
    return 0;
  const auto grain = position / header_.grain;
  const auto index = grain / header_.entries_per_table;
  if (loaded_ != index) {
    loaded_ = ~std::uint64_t{0};
    std::array<std::byte, 4> entry{};
    auto judged = image_.read(header_.directory * vmdk_sector + index * 4, entry);
    const auto place = read_little_endian<std::uint32_t>(entry, 0);
    if (judged && place == 0)
      return 0;
    if (judged)
      judged = image_.read(place * vmdk_sector, table_);
    if (!judged)
      return schemas::unexpected<schemas::failure>{judged.error()};
    loaded_ = index;
  }
  return read_little_endian<std::uint32_t>(table_, grain % header_.entries_per_table * 4);
}

}  // namespace sluice::actors::verification::structure::vmdk
