// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vmdk/marker_stream.hpp"

#include <array>

#include "actors/verification/structure/vmdk/refusals.hpp"

namespace sluice::actors::verification::structure::vmdk {
namespace {

using formats::read_little_endian;
using formats::vmdk_sector;
using schemas::result;

/// The kinds of a marker that is not a grain's.
enum class marker_kind : std::uint32_t { end_of_stream = 0, grain_table = 1, grain_directory = 2, footer = 3 };

struct marker {
  std::uint64_t value;  // a grain's position in the disk, else how many sectors follow
  std::uint32_t length;
  marker_kind kind;
};

class marker_walk {
 public:
  marker_walk(const formats::vmdk_header& footer, grain_tables& tables, std::uint64_t first,
              std::uint64_t footer_marker)
      : footer_{footer}, tables_{tables}, sector_{first}, footer_marker_{footer_marker} {}

  [[nodiscard]] bool done() const noexcept { return sector_ == footer_marker_; }
  [[nodiscard]] std::uint64_t sector() const noexcept { return sector_; }
  [[nodiscard]] std::uint64_t grains() const noexcept { return grains_; }

  result<void> pass(const marker& found) {
    if (found.length != 0)
      return pass_grain(found);
    switch (found.kind) {
      case marker_kind::grain_table: return pass_metadata(found, tables_.table_sectors(), "a grain table's");
      case marker_kind::grain_directory:
        if (sector_ + 1 != footer_.directory)
          return damaged("its grain directory is not where its footer says");
        return pass_metadata(found, tables_.directory_sectors(), "the grain directory's");
      case marker_kind::end_of_stream: return damaged("its stream ends before its footer");
      case marker_kind::footer: return damaged("its stream has a footer that is not at its end");
    }
    return damaged("its stream has a marker that is not known");
  }

 private:
  result<void> pass_grain(const marker& found) {
    const auto place = tables_.place_of(found.value);
    if (!place)
      return schemas::unexpected<schemas::failure>{place.error()};
    if (*place != sector_)
      return damaged("its stream has a grain that its tables do not have there");
    ++grains_;
    return go_on((12 + std::uint64_t{found.length} + vmdk_sector - 1) / vmdk_sector);
  }

  result<void> pass_metadata(const marker& found, std::uint64_t sectors, std::string_view whose) {
    if (found.value != sectors)
      return damaged(std::string{whose} + " marker in its stream gives an impossible length");
    return go_on(1 + sectors);
  }

  result<void> go_on(std::uint64_t sectors) {
    if (sectors > footer_marker_ - sector_)
      return damaged("a part of its stream reaches into its footer");
    sector_ += sectors;
    return {};
  }

  const formats::vmdk_header& footer_;
  grain_tables& tables_;
  std::uint64_t sector_;
  std::uint64_t footer_marker_;
  std::uint64_t grains_ = 0;
};

}  // namespace

result<void> follow_markers(image_bytes& image, walk_budget& budget, const formats::vmdk_header& footer,
                            std::uint64_t first_sector, std::uint64_t grains, grain_tables& tables) {
  const auto footer_marker = (image.size() - formats::vmdk_footer_length) / vmdk_sector;
  if (first_sector > footer_marker)
    return damaged("its stream begins behind its end");
  marker_walk walk{footer, tables, first_sector, footer_marker};
  while (!walk.done()) {
    std::array<std::byte, 16> bytes{};
    auto judged = budget.step();
    if (judged)
      judged = image.read(walk.sector() * vmdk_sector, bytes);
    if (judged)
      judged = walk.pass({read_little_endian<std::uint64_t>(bytes, 0), read_little_endian<std::uint32_t>(bytes, 8),
                          static_cast<marker_kind>(read_little_endian<std::uint32_t>(bytes, 12))});
    if (!judged)
      return judged;
  }
  if (walk.grains() != grains)
    return damaged("its tables name grains that its stream does not have");
  return {};
}

}  // namespace sluice::actors::verification::structure::vmdk
