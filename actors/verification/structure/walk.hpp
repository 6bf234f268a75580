// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/structure/image_bytes.hpp"
#include "schemas/failure.hpp"

/// After the last byte, every format's own tables are followed: each pointer against the file's size, alignment and
/// overlap, each checksum the format carries, each compressed piece. What the headers alone could show was judged while
/// the bytes streamed (stream_inspection); a walk does not rely on that and reads its own headers again.
namespace sluice::actors::verification::structure {

/// What the operator leaves to a setting, and the bounds of one walk.
struct walk_policy {
  std::uint64_t max_virtual_size = 0;               ///< bytes; 0 is no limit
  std::uint64_t memory = std::uint64_t{256} << 20;  ///< bytes that the walk's own tables may take
  std::chrono::milliseconds time{10'000};           ///< then the image is refused as too costly to judge
  bool accept_dirty = false;                        ///< qcow2, qed, VHDX: not closed properly, yet consistent
  bool accept_trailing_bytes = true;                ///< after a structure that says where it ends
};

/// Keeps a walk within its bounds. Everything a walk allocates in proportion to the file is asked for here first, and
/// every loop over entries counts its steps; so that no header can make it large or endless.
class walk_budget {
 public:
  using clock = std::chrono::steady_clock;
  explicit walk_budget(const walk_policy& policy) : memory_{policy.memory}, ends_{clock::now() + policy.time} {}

  /// `bytes` more are about to be allocated; too_complex when the walk would exceed its memory.
  [[nodiscard]] schemas::result<void> take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes) noexcept { taken_ -= bytes < taken_ ? bytes : taken_; }
  /// Once per entry or cluster: cheap (the clock is read each few thousand steps); too_complex when the time is over.
  [[nodiscard]] schemas::result<void> step(std::uint64_t count = 1);

 private:
  std::uint64_t memory_;
  std::uint64_t taken_ = 0;
  std::uint64_t steps_ = 0;
  clock::time_point ends_;
};

/// What a walk that found nothing wrong knows.
struct walk_findings {
  std::string disk_format;           ///< Glance's value
  std::uint64_t virtual_size = 0;    ///< bytes the guest sees: exactly what qemu-img says
  std::uint64_t allocated = 0;       ///< bytes of the guest's disk that the file holds data for; 0 when not known
  std::vector<std::string> remarks;  ///< sentences: what was not inspected ("The payload is encrypted.")

  friend bool operator==(const walk_findings&, const walk_findings&) = default;
};

/// One format's walk. `image` is of that format by its magic; everything else is the walk's to prove.
using structure_walk = schemas::result<walk_findings> (*)(image_bytes& image, const walk_policy& policy,
                                                          walk_budget& budget);

/// The walk of a `disk_format` (Glance's value, as stream_inspection detected it); nullptr when there is none.
[[nodiscard]] structure_walk walk_of(std::string_view disk_format) noexcept;

}  // namespace sluice::actors::verification::structure
