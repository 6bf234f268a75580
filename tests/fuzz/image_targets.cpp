// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>

#include "actors/verification/stream_inspection.hpp"
#include "actors/verification/structure/walk.hpp"
#include "tests/fuzz/outline.hpp"
#include "tests/fuzz/promises.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/fuzz/whole_image.hpp"

namespace sluice::tests::fuzz {
namespace {

using namespace std::chrono_literals;
using namespace actors::verification;

/// What the operator accepts is the input's own choice, so that both ways are taken.
void walk(std::string_view format, structure::image_bytes& image) {
  structure::walk_policy policy;
  policy.accept_dirty = image.size() / 512 % 2 == 0;
  policy.accept_trailing_bytes = image.size() / 1024 % 2 == 0;
  policy.max_virtual_size = std::uint64_t{1} << 40;
  policy.memory = std::uint64_t{64} << 20;
  policy.time = 5s;
  structure::walk_budget budget{policy};
  const auto found = structure::walk_of(format)(image, policy, budget);
  promise(explained(found), "a refusal says why");
  if (found) {
    promise(found->disk_format == format, "a walk finds the format that it walks");
    promise(found->virtual_size > 0 && found->virtual_size <= policy.max_virtual_size,
            "an accepted virtual size is within its limit");
  }
}

/// The input is the image, or its outline.
void walk_input(std::string_view format, std::span<const std::byte> input) {
  if (const auto image = read_outline(input)) {
    outlined_bytes outlined{*image};
    walk(format, outlined);
  } else {
    structure::memory_bytes whole{input};
    walk(format, whole);
  }
}

constexpr char qcow2[] = "qcow2";
constexpr char qed[] = "qed";
constexpr char vdi[] = "vdi";
constexpr char vmdk[] = "vmdk";
constexpr char vhd[] = "vhd";
constexpr char vhdx[] = "vhdx";
constexpr char luks[] = "luks";
constexpr char iso[] = "iso";
constexpr char raw[] = "raw";

/// What Amazon keeps apart: judged as raw disks are where it is one.
void run_kernel(std::span<const std::byte> input) {
  for (const auto* const format : {"aki", "ari"})
    walk_input(format, input);
}

template <const char* Format>
void run_walk(std::span<const std::byte> input) {
  walk_input(Format, input);
}

/// As an import does: the inspection while the bytes pass, then the walk of what it detected. However the bytes are
/// cut, and whether their number is announced, the verdict is the same.
void run_inspection(std::span<const std::byte> input) {
  const whole_image image{input};
  const auto size = image.bytes().size();
  inspection_policy policy;
  policy.raw = size / 512 % 4 == 3 ? schemas::raw_policy::any : schemas::raw_policy::recognised;
  policy.max_virtual_size = std::uint64_t{1} << 40;
  constexpr std::array declared{"raw", "ami", "aki", "ari", "iso", "qcow2"};
  // Not for the round sizes that sound images have: most would be refused at once.
  if (const auto choice = size / 512 % 32; choice > 16 && choice <= 16 + declared.size())
    policy.declared_format = declared[choice - 17];
  const auto judge = [&](std::size_t piece, bool announced) {
    stream_inspection inspection{policy};
    if (announced)
      inspection.announce_total(size);
    for (auto rest = image.bytes(); !rest.empty();) {
      const auto length = std::min(piece, rest.size());
      if (const auto fed = inspection.feed(rest.first(length)); !fed)
        return schemas::result<inspection_verdict>{schemas::unexpected<schemas::failure>{fed.error()}};
      rest = rest.subspan(length);
    }
    return inspection.finish();
  };
  const auto whole = judge(size + 1, true);
  const auto pieces = judge(std::max<std::size_t>(4093, size / 61), false);
  promise(explained(whole), "a refusal says why");
  promise(whole.has_value() == pieces.has_value(), "the verdict does not depend on how the bytes come");
  if (!whole)
    return;
  promise(*whole == *pieces, "nor what is found");
  if (structure::walk_of(whole->disk_format) != nullptr)
    walk_input(whole->disk_format, input);
}

constexpr std::array all{
    target{qcow2, run_walk<qcow2>, qcow2_seeds, input_form::image},
    target{qed, run_walk<qed>, qed_seeds, input_form::image},
    target{vdi, run_walk<vdi>, vdi_seeds, input_form::image},
    target{vmdk, run_walk<vmdk>, vmdk_seeds, input_form::image},
    target{vhd, run_walk<vhd>, vhd_seeds, input_form::image},
    target{vhdx, run_walk<vhdx>, vhdx_seeds, input_form::image},
    target{luks, run_walk<luks>, luks_seeds, input_form::image},
    target{iso, run_walk<iso>, iso_seeds, input_form::image},
    target{raw, run_walk<raw>, raw_seeds, input_form::image},
    target{"kernel", run_kernel, kernel_seeds, input_form::image},
    target{"inspection", run_inspection, every_image, input_form::image},
};

}  // namespace

std::span<const target> image_targets() noexcept {
  return all;
}

}  // namespace sluice::tests::fuzz
