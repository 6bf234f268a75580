// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "persistence/blob_store.hpp"

namespace sluice::tests {

/// A buffer as the pipeline has them: aligned, and of exactly the capacity asked for.
class aligned_bytes {
 public:
  explicit aligned_bytes(std::size_t size)
      : size_{size}, bytes_{static_cast<std::byte*>(std::aligned_alloc(persistence::write_alignment, rounded(size)))} {
    fill(std::byte{0});
  }
  void fill(std::byte value) { std::fill_n(bytes_.get(), size_, value); }
  void fill_random(unsigned int seed, std::size_t from = 0, std::size_t count = ~std::size_t{0}) {
    std::mt19937 engine{seed};
    for (auto& byte : span().subspan(from, std::min(count, size_ - from)))
      byte = static_cast<std::byte>(engine() | 1);  // never zero
  }
  [[nodiscard]] std::span<std::byte> span() noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<const std::byte> span() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<const std::byte> part(std::size_t from, std::size_t count) const {
    return span().subspan(from, count);
  }
  [[nodiscard]] std::vector<std::byte> copy() const { return {bytes_.get(), bytes_.get() + size_}; }

 private:
  static std::size_t rounded(std::size_t size) {
    return (size + persistence::write_alignment - 1) / persistence::write_alignment * persistence::write_alignment;
  }
  struct release {
    void operator()(std::byte* bytes) const noexcept { std::free(bytes); }  // NOLINT: from aligned_alloc
  };
  std::size_t size_;
  std::unique_ptr<std::byte, release> bytes_;
};

}  // namespace sluice::tests
