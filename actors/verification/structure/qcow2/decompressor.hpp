// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "actors/verification/structure/qcow2/header.hpp"

namespace sluice::actors::verification::structure::qcow2 {

/// Decompresses one cluster at a time, in bounded memory whatever the input says.
class decompressor {
 public:
  /// Bytes that any of them takes beside its input and output: a zstd window of 8 MiB and tables.
  static constexpr std::uint64_t memory = std::uint64_t{9} << 20;

  [[nodiscard]] static std::unique_ptr<decompressor> of(compression_type type);

  decompressor() = default;
  decompressor(const decompressor&) = delete;
  decompressor& operator=(const decompressor&) = delete;
  virtual ~decompressor() = default;

  /// Fills all of `cluster` from the front of `input`, behind which anything may follow. How many bytes of the input
  /// that took; nothing when it is broken, too short, or does not end when the cluster is full.
  [[nodiscard]] virtual std::optional<std::size_t> decompress(std::span<const std::byte> input,
                                                              std::span<std::byte> cluster) = 0;
};

}  // namespace sluice::actors::verification::structure::qcow2
