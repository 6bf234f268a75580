// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/paired_digest.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "actors/pipeline/digest_constants.hpp"

namespace sluice::actors {

namespace {

using namespace digest_constants;

/// One block of MD5 alone (RFC 1321 section 3.4), for the padding at the end.
void md5_block(std::uint32_t (&state)[4], const std::uint8_t* block) noexcept {
  std::uint32_t words[16];
  std::memcpy(words, block, sizeof words);
  auto [a, b, c, d] = state;
  for (int i = 0; i < 64; ++i) {
    const auto mixed = i < 16 ? (b & c) | (~b & d) : i < 32 ? (d & b) | (~d & c) : i < 48 ? b ^ c ^ d : c ^ (b | ~d);
    const auto turned = std::rotl(a + mixed + md5_additive[i] + words[md5_word(i)], md5_rotation[i]);
    a = d;
    d = c;
    c = b;
    b += turned;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

template <class Word>
std::string hex(std::span<const Word> words, std::endian order) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(words.size() * sizeof(Word) * 2);
  for (const auto word : words)
    for (std::size_t i = 0; i < sizeof(Word); ++i) {
      const auto place = order == std::endian::little ? i : sizeof(Word) - 1 - i;
      const auto byte = static_cast<unsigned>(word >> (8 * place)) & 0xFFU;
      text.push_back(digits[byte >> 4]);
      text.push_back(digits[byte & 15]);
    }
  return text;
}

}  // namespace

bool paired_digest::supported() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#else
  return false;
#endif
}

paired_digest::paired_digest() noexcept {
  std::copy(std::begin(md5_initial), std::end(md5_initial), state_.md5);
  std::copy(std::begin(sha512_initial), std::end(sha512_initial), state_.sha512);
}

void paired_digest::update(std::span<const std::byte> bytes) noexcept {
  auto from = reinterpret_cast<const std::uint8_t*>(bytes.data());
  auto left = bytes.size();
  length_ += left;
  if (rest_size_ > 0) {
    const auto taken = std::min(left, step - rest_size_);
    std::copy_n(from, taken, rest_.data() + rest_size_);
    rest_size_ += taken;
    from += taken;
    left -= taken;
    if (rest_size_ < step)
      return;
    paired_blocks_avx512(state_, rest_.data(), 1);
  }
  if (const auto steps = left / step; steps > 0)
    paired_blocks_avx512(state_, from, steps);
  rest_size_ = left % step;
  std::copy_n(from + left - rest_size_, rest_size_, rest_.data());
}

paired_digest::values paired_digest::finish() noexcept {
  // Both end with a one bit, zeros and the length in bits; they differ in block size, width and order of the length.
  std::array<std::uint8_t, 2 * step> padded{};
  std::copy_n(rest_.data(), rest_size_, padded.data());
  padded[rest_size_] = 0x80;
  const auto bits = length_ * 8;  // at most 2^63 bytes are imported, so the high half is the three bits shifted out
  const auto high_bits = length_ >> 61;

  auto md5 = padded;
  const auto md5_blocks = (rest_size_ + 1 + 8 + 63) / 64;
  for (std::size_t i = 0; i < 8; ++i)
    md5[md5_blocks * 64 - 8 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  for (std::size_t i = 0; i < md5_blocks; ++i)
    md5_block(state_.md5, md5.data() + 64 * i);

  auto sha512 = padded;
  const auto sha512_blocks = (rest_size_ + 1 + 16 + step - 1) / step;
  for (std::size_t i = 0; i < 8; ++i) {
    sha512[sha512_blocks * step - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
    sha512[sha512_blocks * step - 9 - i] = static_cast<std::uint8_t>(high_bits >> (8 * i));
  }
  auto scratch = state_;  // its MD5 half is of no use
  paired_blocks_avx512(scratch, sha512.data(), sha512_blocks);

  values both;
  both.md5 = hex<std::uint32_t>(state_.md5, std::endian::little);
  both.sha512 = hex<std::uint64_t>(scratch.sha512, std::endian::big);
  return both;
}

}  // namespace sluice::actors
