// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sluice::actors {

struct grouped_part;

/// What both digests have in hand between two blocks.
struct paired_state {
  std::uint32_t md5[4];
  std::uint64_t sha512[8];
};

/// Feeds `count` steps of 128 bytes to both digests. Needs AVX-512 F, VL, BW and BMI 1, 2.
void paired_blocks_avx512(paired_state& state, const std::uint8_t* bytes, std::size_t count) noexcept;

/// MD5 and SHA-512 of the same bytes in one pass of one thread.
///
/// Either digest alone waits for its own last result most of the time. Here their instructions are woven into one
/// stream: MD5 in the vector unit, the rounds of SHA-512 in the integer unit, and the schedule of the next SHA-512
/// block in between; on a core of its own that costs about two thirds of one after the other. Where the processor
/// cannot do it, OpenSSL does both (`digest_lane`), and the tests hold the results against OpenSSL's.
class paired_digest {
 public:
  /// Does this processor have what it needs?
  [[nodiscard]] static bool supported() noexcept;

  paired_digest() noexcept;
  void update(std::span<const std::byte> bytes) noexcept;

  struct values {
    std::string md5;     ///< lower-case hex
    std::string sha512;  ///< lower-case hex
  };
  /// Once, at the end.
  [[nodiscard]] values finish() noexcept;

  static constexpr std::size_t step = 128;  ///< bytes: two blocks of MD5, one of SHA-512

 private:
  friend void update_together(std::span<const grouped_part> members) noexcept;
  paired_state state_;
  std::array<std::uint8_t, step> rest_{};
  std::size_t rest_size_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace sluice::actors
