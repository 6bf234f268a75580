// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

namespace sluice::actors {

/// How long an image may be. Asked when a length is announced and again while the bytes arrive, because an announcement
/// is only a promise and a chunked body makes none.
class size_rules {
 public:
  size_rules(std::uint64_t max_image_size, std::optional<std::uint64_t> expected)
      : max_image_size_{max_image_size}, expected_{expected} {}

  /// The length that the source announces. image_too_large, size_mismatch.
  [[nodiscard]] schemas::result<void> announced(std::uint64_t total) const;
  /// So many bytes have come, and there may be more. image_too_large, size_mismatch, source_protocol.
  [[nodiscard]] schemas::result<void> received(std::uint64_t bytes, std::optional<std::uint64_t> total) const;
  /// These were all. size_mismatch.
  [[nodiscard]] schemas::result<void> complete(std::uint64_t bytes) const;
  /// The most that is worth reading: one byte more proves the image too long.
  [[nodiscard]] std::uint64_t most_to_read(std::uint64_t received, std::optional<std::uint64_t> total) const noexcept;

 private:
  std::uint64_t max_image_size_;
  std::optional<std::uint64_t> expected_;
};

}  // namespace sluice::actors
