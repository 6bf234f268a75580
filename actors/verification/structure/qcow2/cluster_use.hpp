// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure::qcow2 {

/// What a cluster of the file holds.
enum class content : std::uint8_t {
  nothing,
  header,
  refcount_table,
  refcount_block,
  l1_table,
  l2_table,
  guest_data,
  compressed_data,
  snapshot_table,
  bitmap_directory,
  bitmap_table,
  bitmap_data,
  encryption_header,
};

[[nodiscard]] std::string_view to_string(content what) noexcept;

/// Who uses each cluster of the file, and how often: one word a cluster, so that its memory follows the file's size and
/// no field of the image. Nothing is ever used as two things; what is more than one user's is said by the caller.
class cluster_use {
 public:
  /// too_complex when the budget does not allow a word for each cluster.
  [[nodiscard]] static schemas::result<cluster_use> of(std::uint64_t file_size, std::uint32_t cluster_bits,
                                                       walk_budget& budget);

  /// In clusters; the last may be short.
  [[nodiscard]] std::uint64_t clusters() const noexcept { return words_.size(); }
  [[nodiscard]] std::uint64_t file_size() const noexcept { return file_size_; }

  /// `length` bytes from `offset` on are `what`, and nothing else is in their clusters. image_corrupt when unaligned,
  /// image_truncated when not all in the file, overlapping_structures when used already.
  [[nodiscard]] schemas::result<void> claim(content what, std::uint64_t offset, std::uint64_t length);

  /// The cluster is used `times` more, `most` times in all: overlapping_structures when it is used as something else,
  /// amplification when it is used more often. `cluster` is one of `clusters()`.
  [[nodiscard]] schemas::result<void> share(content what, std::uint64_t cluster, std::uint64_t times,
                                            std::uint64_t most);

  [[nodiscard]] std::uint64_t users(std::uint64_t cluster) const noexcept { return words_[cluster] & users_mask; }
  [[nodiscard]] content what(std::uint64_t cluster) const noexcept {
    return static_cast<content>(words_[cluster] >> content_shift);
  }

  /// What the active tables say: whether the cluster has one user only and may be written in place.
  void note_copied_flag(std::uint64_t cluster, bool copied) noexcept {
    words_[cluster] |= active_bit | (copied ? copied_bit : 0);
  }
  [[nodiscard]] bool is_active(std::uint64_t cluster) const noexcept { return (words_[cluster] & active_bit) != 0; }
  [[nodiscard]] bool copied_flag(std::uint64_t cluster) const noexcept { return (words_[cluster] & copied_bit) != 0; }

  /// True the first time it is asked of a cluster.
  [[nodiscard]] bool visit(std::uint64_t cluster) noexcept {
    const bool first = (words_[cluster] & visited_bit) == 0;
    words_[cluster] |= visited_bit;
    return first;
  }

  /// No cluster may have more users than this.
  static constexpr std::uint64_t most_users = (1U << 25) - 1;

 private:
  static constexpr std::uint32_t users_mask = most_users;
  static constexpr std::uint32_t visited_bit = 1U << 25;
  static constexpr std::uint32_t copied_bit = 1U << 26;
  static constexpr std::uint32_t active_bit = 1U << 27;
  static constexpr std::uint32_t content_shift = 28;

  cluster_use(std::uint64_t file_size, std::uint32_t cluster_bits)
      : file_size_{file_size}, cluster_bits_{cluster_bits} {}

  std::uint64_t file_size_;
  std::uint32_t cluster_bits_;
  std::vector<std::uint32_t> words_;
};

}  // namespace sluice::actors::verification::structure::qcow2
