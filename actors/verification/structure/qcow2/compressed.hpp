// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "actors/verification/structure/qcow2/cluster_use.hpp"
#include "actors/verification/structure/qcow2/decompressor.hpp"
#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {

/// The clusters of a guest's disk that are compressed: each is really decompressed, into the room of one cluster, and
/// no two of the active disk may come from the same bytes.
class compressed_clusters {
 public:
  explicit compressed_clusters(const header& fields) noexcept : fields_{fields} {}

  /// Judges an L2 entry that says it is compressed: claims its clusters for `times` tables, and decompresses it.
  /// `active` when the guest sees it, not a snapshot alone.
  [[nodiscard]] schemas::result<void> follow(image_bytes& image, std::uint64_t entry, std::uint64_t times, bool active,
                                             cluster_use& use, walk_budget& budget);

  /// Once all were followed: amplification when compressed bytes stand for more than one cluster of the disk.
  [[nodiscard]] schemas::result<void> check_apart(walk_budget& budget);

 private:
  struct piece {
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
  };

  [[nodiscard]] schemas::result<void> prepare(walk_budget& budget);
  [[nodiscard]] schemas::result<void> note(piece where, walk_budget& budget);

  const header& fields_;
  std::unique_ptr<decompressor> engine_;
  std::vector<std::byte> input_;
  std::vector<std::byte> output_;
  std::vector<piece> pieces_;
};

}  // namespace sluice::actors::verification::structure::qcow2
