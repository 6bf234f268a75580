// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "actors/verification/packaging/unpacker.hpp"

namespace sluice::actors::verification::packaging {

/// What may come out.
struct unpacking_limits {
  std::uint64_t most_output = 0;  ///< bytes
  /// How many bytes may come out for each that went in, once more than `ratio_floor` came out.
  std::uint64_t most_ratio = 0;
  /// A disk that is mostly empty packs extremely well (zeros: gzip 1 : 1000, xz 1 : 7000, zstd 1 : 30000), and a small
  /// one costs nothing worth protecting: zeros are not even written. Below this the ratio does not count.
  std::uint64_t ratio_floor = std::uint64_t{1} << 30;
};

/// An unpacker under guard: it ends at the first byte too many, and what comes out must not be packed again.
class unpacking {
 public:
  unpacking(packing kind, const unpacking_limits& limits);

  /// As unpacker::step. Errors: `unpacking_failed`, `image_too_large`.
  [[nodiscard]] schemas::result<unpacked_step> step(formats::bytes_view input, std::span<std::byte> output);
  [[nodiscard]] schemas::result<void> finish();

  [[nodiscard]] packing kind() const noexcept { return kind_; }

 private:
  [[nodiscard]] schemas::result<void> check_amount() const;
  [[nodiscard]] schemas::result<void> check_layer() const;

  packing kind_;
  unpacking_limits limits_;
  std::unique_ptr<unpacker> inner_;
  std::uint64_t consumed_ = 0;
  std::uint64_t produced_ = 0;
  std::array<std::byte, sniffed_front> front_{};  ///< of the output
  std::size_t front_seen_ = 0;
};

}  // namespace sluice::actors::verification::packaging
