// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/walk.hpp"

#include <algorithm>
#include <array>

#include "actors/verification/structure/iso/iso_image.hpp"
#include "actors/verification/structure/luks/luks_volume.hpp"
#include "actors/verification/structure/qcow2/walk_qcow2.hpp"
#include "actors/verification/structure/qed.hpp"
#include "actors/verification/structure/raw/amazon.hpp"
#include "actors/verification/structure/raw/raw_disk.hpp"
#include "actors/verification/structure/vdi.hpp"
#include "actors/verification/structure/vhd.hpp"
#include "actors/verification/structure/vhdx/walk_vhdx.hpp"
#include "actors/verification/structure/vmdk/walk_vmdk.hpp"

namespace sluice::actors::verification::structure {
namespace {

struct known_walk {
  std::string_view disk_format;
  structure_walk walk;
};

/// One line a format.
// clang-format off
constexpr std::array walks{
    known_walk{"qcow2", walk_qcow2},
    known_walk{"qed", walk_qed},
    known_walk{"vdi", walk_vdi},
    known_walk{"vmdk", walk_vmdk},
    known_walk{"vhd", walk_vhd},
    known_walk{"vhdx", walk_vhdx},
    known_walk{"raw", walk_raw},
    known_walk{"iso", walk_iso},
    known_walk{"luks", walk_luks},
    known_walk{"ami", walk_ami},
    known_walk{"aki", walk_aki},
    known_walk{"ari", walk_ari},
};
// clang-format on

constexpr std::uint64_t steps_between_looks = 4096;

}  // namespace

schemas::result<void> walk_budget::take(std::uint64_t bytes) {
  if (bytes > memory_ - std::min(memory_, taken_))
    return schemas::refuse(schemas::error_code::too_complex,
                           "The image's tables need more memory to be followed than the operator allows for one "
                           "image ([verify] memory). Write it afresh with qemu-img convert and try again.");
  taken_ += bytes;
  return {};
}

schemas::result<void> walk_budget::step(std::uint64_t count) {
  const auto looked = steps_ / steps_between_looks;
  steps_ += count;
  if (steps_ / steps_between_looks != looked && clock::now() >= ends_)
    return schemas::refuse(schemas::error_code::too_complex,
                           "The image takes longer to be judged than the operator allows for one image ([verify] "
                           "time). Write it afresh with qemu-img convert and try again.");
  return {};
}

structure_walk walk_of(std::string_view disk_format) noexcept {
  const auto* const found = std::ranges::find(walks, disk_format, &known_walk::disk_format);
  return found == walks.end() ? nullptr : found->walk;
}

}  // namespace sluice::actors::verification::structure
