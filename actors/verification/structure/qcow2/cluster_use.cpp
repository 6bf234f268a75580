// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/cluster_use.hpp"

#include <array>
#include <string>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {
namespace {

using schemas::error_code;
using schemas::result;

std::string at(std::uint64_t offset) {
  return "at offset " + std::to_string(offset);
}

schemas::unexpected<schemas::failure> overlapping(content what, content other, std::uint64_t offset) {
  return damaged(error_code::overlapping_structures, "The cluster " + at(offset) + " of the qcow2 image is " +
                                                         std::string{to_string(what)} + " and " +
                                                         std::string{to_string(other)} + " at once");
}

}  // namespace

std::string_view to_string(content what) noexcept {
  constexpr std::array<std::string_view, 13> names{"unused",
                                                   "the header",
                                                   "part of the refcount table",
                                                   "a refcount block",
                                                   "part of an L1 table",
                                                   "an L2 table",
                                                   "guest data",
                                                   "compressed guest data",
                                                   "part of the snapshot table",
                                                   "part of the bitmap directory",
                                                   "part of a bitmap table",
                                                   "part of a bitmap",
                                                   "part of the encryption header"};
  return names[static_cast<std::size_t>(what)];
}

result<cluster_use> cluster_use::of(std::uint64_t file_size, std::uint32_t cluster_bits, walk_budget& budget) {
  const auto cluster = std::uint64_t{1} << cluster_bits;
  const auto clusters = file_size / cluster + (file_size % cluster != 0 ? 1 : 0);
  if (auto taken = budget.take(clusters * sizeof(std::uint32_t)); !taken)
    return schemas::unexpected<schemas::failure>{taken.error()};
  cluster_use made{file_size, cluster_bits};
  made.words_.resize(clusters);
  return made;
}

result<void> cluster_use::claim(content what, std::uint64_t offset, std::uint64_t length) {
  const auto cluster = std::uint64_t{1} << cluster_bits_;
  if (offset % cluster != 0)
    return damaged(error_code::image_corrupt, "What should be " + std::string{to_string(what)} +
                                                  " of the qcow2 image starts " + at(offset) +
                                                  ", which is not a cluster's boundary");
  if (!formats::lies_within(offset, length, file_size_))
    return damaged(error_code::image_truncated, "What should be " + std::string{to_string(what)} +
                                                    " of the qcow2 image is " + at(offset) + ", " +
                                                    std::to_string(length) + " bytes long; the file has only " +
                                                    std::to_string(file_size_) + " bytes");
  for (std::uint64_t done = 0; done < length; done += cluster) {
    auto& word = words_[(offset + done) >> cluster_bits_];
    if (word != 0)
      return overlapping(what, static_cast<content>(word >> content_shift), offset + done);
    word = (static_cast<std::uint32_t>(what) << content_shift) | 1U;
  }
  return {};
}

result<void> cluster_use::share(content what, std::uint64_t cluster, std::uint64_t times, std::uint64_t most) {
  auto& word = words_[cluster];
  const auto before = static_cast<content>(word >> content_shift);
  if (before != content::nothing && before != what)
    return overlapping(what, before, cluster << cluster_bits_);
  const auto users = (word & users_mask) + times;
  if (users > most || users > most_users)
    return damaged(error_code::amplification,
                   "The cluster " + at(cluster << cluster_bits_) + " of the qcow2 image, " +
                       std::string{to_string(what)} +
                       ", stands for several places of the guest's disk, which no sound image does");
  word = (word & ~users_mask) | (static_cast<std::uint32_t>(what) << content_shift) | static_cast<std::uint32_t>(users);
  return {};
}

}  // namespace sluice::actors::verification::structure::qcow2
