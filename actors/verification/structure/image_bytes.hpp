// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "schemas/failure.hpp"

namespace sluice::actors::verification::structure {

/// The whole image, at rest, read at any place. The walks see a file through nothing else: they cannot open one.
class image_bytes {
 public:
  image_bytes() = default;
  image_bytes(const image_bytes&) = delete;
  image_bytes& operator=(const image_bytes&) = delete;
  virtual ~image_bytes() = default;

  /// In bytes; does not change.
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// Fills all of `into` from `offset` on. image_truncated when the file ends before; store_failed when the disk fails.
  [[nodiscard]] virtual schemas::result<void> read(std::uint64_t offset, std::span<std::byte> into) = 0;
  /// The first offset from `from` on that may hold anything but zeros; `size()` when all that follows is a hole. Saves
  /// reading the holes of sparse files; `from` itself is a right answer.
  [[nodiscard]] virtual std::uint64_t next_data(std::uint64_t from) const noexcept { return from; }
};

/// An image that is an open file, read with pread: what the sandboxed process has of it.
class file_bytes final : public image_bytes {
 public:
  /// `descriptor` is open for reading and stays so; it is not closed here.
  [[nodiscard]] static schemas::result<file_bytes> of(int descriptor);
  file_bytes(file_bytes&& other) noexcept : descriptor_{other.descriptor_}, size_{other.size_} {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] schemas::result<void> read(std::uint64_t offset, std::span<std::byte> into) override;
  [[nodiscard]] std::uint64_t next_data(std::uint64_t from) const noexcept override;

 private:
  file_bytes(int descriptor, std::uint64_t size) : descriptor_{descriptor}, size_{size} {}
  int descriptor_;
  std::uint64_t size_;
};

/// An image in memory: what tests and fuzzers have.
class memory_bytes final : public image_bytes {
 public:
  explicit memory_bytes(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] schemas::result<void> read(std::uint64_t offset, std::span<std::byte> into) override;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace sluice::actors::verification::structure
