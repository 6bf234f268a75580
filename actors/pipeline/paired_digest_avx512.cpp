// SPDX-License-Identifier: Apache-2.0
// Compiled for AVX-512 (see actors/CMakeLists.txt) and called only where the processor has it. Therefore nothing here
// may be shared with files compiled otherwise: no standard containers, no inline functions of others, only arrays and
// intrinsics.
#include "actors/pipeline/paired_digest.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "actors/pipeline/digest_constants.hpp"
#include "actors/pipeline/md5_rounds_avx512.hpp"

namespace sluice::actors {

namespace {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

SLUICE_INLINE u64 rotated(u64 x, int bits) {
  return (x >> bits) | (x << (64 - bits));
}

/// Round `Round` of FIPS 180-4 section 6.4.2; `scheduled` is the message word plus the round's constant.
template <int Round>
SLUICE_INLINE void sha512_round(u64 (&s)[8], const u64* scheduled) {
  u64 &a = s[(80 - Round) & 7], &b = s[(81 - Round) & 7], &c = s[(82 - Round) & 7], &d = s[(83 - Round) & 7];
  u64 &e = s[(84 - Round) & 7], &f = s[(85 - Round) & 7], &g = s[(86 - Round) & 7], &h = s[(87 - Round) & 7];
  const u64 t = h + scheduled[Round] + (rotated(e, 14) ^ rotated(e, 18) ^ rotated(e, 41)) + ((e & f) ^ (~e & g));
  d += t;
  h = t + (rotated(a, 28) ^ rotated(a, 34) ^ rotated(a, 39)) + ((a & b) | (c & (a | b)));
}

/// The sixteen words of the block itself: `words` for the schedule, `scheduled` with the constants added.
SLUICE_INLINE void begin_schedule(u64* words, u64* scheduled, const u8* block) {
  const __m256i big_endian = _mm256_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                             14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  for (int i = 0; i < 16; i += 4) {
    const auto raw = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 8 * i));
    const auto word = _mm256_shuffle_epi8(raw, big_endian);
    const auto constant = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(digest_constants::sha512_additive + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + i), word);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(scheduled + i), _mm256_add_epi64(word, constant));
  }
}

/// Words `at` and `at + 1` of the schedule.
SLUICE_INLINE void extend_schedule(u64* words, u64* scheduled, int at) {
  const auto pair = [](const u64* from) __attribute__((always_inline)) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const auto w15 = pair(words + at - 15), w2 = pair(words + at - 2);
  const auto small =
      _mm_ternarylogic_epi64(_mm_ror_epi64(w15, 1), _mm_ror_epi64(w15, 8), _mm_srli_epi64(w15, 7), parity_table);
  const auto large =
      _mm_ternarylogic_epi64(_mm_ror_epi64(w2, 19), _mm_ror_epi64(w2, 61), _mm_srli_epi64(w2, 6), parity_table);
  const auto word =
      _mm_add_epi64(_mm_add_epi64(pair(words + at - 16), small), _mm_add_epi64(pair(words + at - 7), large));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(words + at), word);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(scheduled + at),
                   _mm_add_epi64(word, pair(digest_constants::sha512_additive + at)));
}

/// One sixteenth of a step: five rounds of SHA-512, eight steps of MD5, four words of the next block's schedule.
template <int Part>
SLUICE_INLINE void woven(u64 (&sha512)[8], const u64* scheduled, __m128i (&md5)[4], const u8* bytes, u64* words,
                         u64* next) {
  const auto* block = bytes + (Part / 8) * 64;
  constexpr int first = (8 * Part) & 63;
  sha512_round<5 * Part>(sha512, scheduled);
  md5_round<first>(md5, block);
  md5_round<first + 1>(md5, block);
  sha512_round<5 * Part + 1>(sha512, scheduled);
  md5_round<first + 2>(md5, block);
  extend_schedule(words, next, 16 + 4 * Part);
  sha512_round<5 * Part + 2>(sha512, scheduled);
  md5_round<first + 3>(md5, block);
  md5_round<first + 4>(md5, block);
  sha512_round<5 * Part + 3>(sha512, scheduled);
  md5_round<first + 5>(md5, block);
  extend_schedule(words, next, 18 + 4 * Part);
  sha512_round<5 * Part + 4>(sha512, scheduled);
  md5_round<first + 6>(md5, block);
  md5_round<first + 7>(md5, block);
}

template <int First, int... Parts>
SLUICE_INLINE void woven_half(std::integer_sequence<int, Parts...>, u64 (&sha512)[8], const u64* scheduled,
                              __m128i (&md5)[4], const u8* bytes, u64* words, u64* next) {
  __m128i before[4];
  for (int i = 0; i < 4; ++i)
    before[i] = md5[i];
  (woven<First + Parts>(sha512, scheduled, md5, bytes, words, next), ...);
  for (int i = 0; i < 4; ++i)
    md5[i] = _mm_add_epi32(md5[i], before[i]);
}

}  // namespace

void paired_blocks_avx512(paired_state& state, const u8* bytes, std::size_t count) noexcept {
  constexpr std::make_integer_sequence<int, 8> eight{};
  constexpr int step = 128;
  if (count == 0)
    return;
  __m128i md5[4];
  u64 sha512[8], words[80], scheduled[2][80];
  for (int i = 0; i < 4; ++i)
    md5[i] = _mm_cvtsi32_si128(static_cast<int>(state.md5[i]));
  for (int i = 0; i < 8; ++i)
    sha512[i] = state.sha512[i];
  begin_schedule(words, scheduled[0], bytes);
  for (int i = 16; i < 80; i += 2)
    extend_schedule(words, scheduled[0], i);
  for (unsigned now = 0; count > 0; --count, bytes += step, now ^= 1) {
    u64 before[8];
    for (int i = 0; i < 8; ++i)
      before[i] = sha512[i];
    begin_schedule(words, scheduled[now ^ 1], count > 1 ? bytes + step : bytes);
    woven_half<0>(eight, sha512, scheduled[now], md5, bytes, words, scheduled[now ^ 1]);
    woven_half<8>(eight, sha512, scheduled[now], md5, bytes, words, scheduled[now ^ 1]);
    for (int i = 0; i < 8; ++i)
      sha512[i] += before[i];
  }
  for (int i = 0; i < 4; ++i)
    state.md5[i] = static_cast<u32>(_mm_cvtsi128_si32(md5[i]));
  for (int i = 0; i < 8; ++i)
    state.sha512[i] = sha512[i];
}

}  // namespace sluice::actors

#else

namespace sluice::actors {

void paired_blocks_avx512(paired_state&, const std::uint8_t*, std::size_t) noexcept {
  __builtin_unreachable();  // paired_digest::supported() is false here
}

}  // namespace sluice::actors

#endif
