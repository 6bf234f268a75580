// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::formats {

/// Collects the bytes [offset, offset + length) of a file that passes once, in pieces of any size.
/// `length` is chosen by our code, never by a header field: memory is bounded by construction.
class region_capture {
 public:
  region_capture(std::uint64_t offset, std::size_t length) : offset_{offset}, length_{length} {}

  /// `at` is the place of `piece` in the file. Pieces come in order; those outside the region are ignored.
  void feed(std::uint64_t at, bytes_view piece) {
    const auto next = offset_ + bytes_.size();
    if (complete() || at > next || next - at >= piece.size())
      return;
    const auto wanted = piece.subspan(next - at);
    const auto take = wanted.first(std::min(wanted.size(), length_ - bytes_.size()));
    bytes_.insert(bytes_.end(), take.begin(), take.end());
  }

  [[nodiscard]] bool complete() const noexcept { return bytes_.size() == length_; }
  [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  std::uint64_t offset_;
  std::size_t length_;
  std::vector<std::byte> bytes_;
};

/// Keeps the last bytes of a file whose length is not known before its end.
class tail_capture {
 public:
  explicit tail_capture(std::size_t length) : length_{length} { bytes_.reserve(2 * length); }

  void feed(bytes_view piece) {
    if (piece.size() >= length_) {
      const auto last = piece.last(length_);
      bytes_.assign(last.begin(), last.end());
      return;
    }
    if (bytes_.size() + piece.size() > 2 * length_)
      bytes_.erase(bytes_.begin(), bytes_.end() - static_cast<std::ptrdiff_t>(length_));
    bytes_.insert(bytes_.end(), piece.begin(), piece.end());
  }

  /// At most `length` bytes; fewer only when the file is shorter.
  [[nodiscard]] bytes_view bytes() const noexcept { return bytes_view{bytes_}.last(std::min(length_, bytes_.size())); }

 private:
  std::size_t length_;
  std::vector<std::byte> bytes_;
};

}  // namespace sluice::actors::verification::formats
