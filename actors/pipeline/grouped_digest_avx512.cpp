// SPDX-License-Identifier: Apache-2.0
// Compiled for AVX-512 (see actors/CMakeLists.txt) and called only where the processor has it. Therefore nothing here
// may be shared with files compiled otherwise: no standard containers, no inline functions of others, only arrays and
// intrinsics.
#include "actors/pipeline/grouped_digest.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "actors/pipeline/digest_constants.hpp"
#include "actors/pipeline/md5_rounds_avx512.hpp"

// GCC 12 takes the "undefined" operand inside its own rotate intrinsics for a use of uninitialised memory.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace sluice::actors {

namespace {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using vector = __m512i;

constexpr int half = 8;  ///< members that fill one vector of SHA-512 words

/// Member `i` of the second half sits beside member `i` of the first: so the words of MD5 fall out of the transposed
/// words of SHA-512 in one instruction each, and with one half only nearly for nothing.
SLUICE_INLINE int md5_place(int member) {
  return member < half ? 2 * member : 2 * (member - half) + 1;
}

/// Round `Round` of FIPS 180-4 section 6.4.2 for eight members; `w` holds the last sixteen words of the schedule.
template <int Round>
SLUICE_INLINE void sha512_round(vector (&s)[8], vector* w) {
  vector &a = s[(80 - Round) & 7], &b = s[(81 - Round) & 7], &c = s[(82 - Round) & 7], &d = s[(83 - Round) & 7];
  vector &e = s[(84 - Round) & 7], &f = s[(85 - Round) & 7], &g = s[(86 - Round) & 7], &h = s[(87 - Round) & 7];
  if constexpr (Round >= 16) {
    const auto w15 = w[(Round + 1) & 15], w2 = w[(Round + 14) & 15];
    const auto small = _mm512_ternarylogic_epi64(_mm512_ror_epi64(w15, 1), _mm512_ror_epi64(w15, 8),
                                                 _mm512_srli_epi64(w15, 7), parity_table);
    const auto large = _mm512_ternarylogic_epi64(_mm512_ror_epi64(w2, 19), _mm512_ror_epi64(w2, 61),
                                                 _mm512_srli_epi64(w2, 6), parity_table);
    w[Round & 15] =
        _mm512_add_epi64(_mm512_add_epi64(w[Round & 15], small), _mm512_add_epi64(w[(Round + 9) & 15], large));
  }
  const auto constant = _mm512_set1_epi64(static_cast<long long>(digest_constants::sha512_additive[Round]));
  const auto scheduled = _mm512_add_epi64(h, _mm512_add_epi64(w[Round & 15], constant));
  const auto sigma_e = _mm512_ternarylogic_epi64(_mm512_ror_epi64(e, 14), _mm512_ror_epi64(e, 18),
                                                 _mm512_ror_epi64(e, 41), parity_table);
  const auto sigma_a = _mm512_ternarylogic_epi64(_mm512_ror_epi64(a, 28), _mm512_ror_epi64(a, 34),
                                                 _mm512_ror_epi64(a, 39), parity_table);
  const auto t =
      _mm512_add_epi64(scheduled, _mm512_add_epi64(sigma_e, _mm512_ternarylogic_epi64(e, f, g, choose_table)));
  d = _mm512_add_epi64(d, t);
  h = _mm512_add_epi64(t, _mm512_add_epi64(sigma_a, _mm512_ternarylogic_epi64(a, b, c, majority_table)));
}

/// Row i of `rows` becomes column i: 64 bytes of each of eight members turn into eight vectors of one word each.
SLUICE_INLINE void transpose(vector (&rows)[8]) {
  vector pairs[8], fours[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm512_unpacklo_epi64(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi64(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 2; ++i)
    for (int high = 0; high < 8; high += 4) {
      fours[high + i] = _mm512_shuffle_i64x2(pairs[high + i], pairs[high + i + 2], 0x88);
      fours[high + i + 2] = _mm512_shuffle_i64x2(pairs[high + i], pairs[high + i + 2], 0xDD);
    }
  // fours[high + i]: quarters 0 and 2 of words i and i + 4; fours[high + i + 2]: those of words i + 2 and i + 6
  for (int i = 0; i < 4; ++i) {
    rows[i] = _mm512_shuffle_i64x2(fours[i], fours[4 + i], 0x88);
    rows[i + 4] = _mm512_shuffle_i64x2(fours[i], fours[4 + i], 0xDD);
  }
}

SLUICE_INLINE vector big_endian(vector x) {
  const auto order = _mm512_broadcast_i32x4(_mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return _mm512_shuffle_epi8(x, order);
}

/// 64 bytes of eight or sixteen members: words of SHA-512 for each half, and the sixteen words of a block of MD5.
template <bool Both>
SLUICE_INLINE void load(const u8* const (&from)[2 * half], std::size_t offset, vector* first_words,
                        vector* second_words, vector* md5_words) {
  vector first[8], second[8];
  for (int i = 0; i < 8; ++i)
    first[i] = _mm512_loadu_si512(from[i] + offset);
  transpose(first);
  if constexpr (Both) {
    for (int i = 0; i < 8; ++i)
      second[i] = _mm512_loadu_si512(from[half + i] + offset);
    transpose(second);
  }
  for (int i = 0; i < 8; ++i) {
    if constexpr (Both) {
      const auto one = _mm512_castsi512_ps(first[i]), other = _mm512_castsi512_ps(second[i]);
      md5_words[2 * i] = _mm512_castps_si512(_mm512_mask_moveldup_ps(one, 0xAAAA, other));
      md5_words[2 * i + 1] = _mm512_castps_si512(_mm512_mask_movehdup_ps(other, 0x5555, one));
      second_words[i] = big_endian(second[i]);
    } else {
      md5_words[2 * i] = first[i];  // its odd places hold what nobody reads
      md5_words[2 * i + 1] = _mm512_srli_epi64(first[i], 32);
    }
    first_words[i] = big_endian(first[i]);
  }
}

/// Five rounds of SHA-512, which keep the ports busy, beside `Steps` of MD5, which waits for itself.
template <int Part, int Steps, int... Step>
SLUICE_INLINE void woven(std::integer_sequence<int, Step...>, vector (&sha512)[8], vector* w, vector (&md5)[4],
                         const vector* words) {
  constexpr int first = (Part * Steps) & 63;
  const auto* block = words + (Part * Steps / 64) * 16;
  sha512_round<5 * Part>(sha512, w);
  md5_round<first>(md5, block);
  sha512_round<5 * Part + 1>(sha512, w);
  md5_round<first + 1>(md5, block);
  sha512_round<5 * Part + 2>(sha512, w);
  md5_round<first + 2>(md5, block);
  sha512_round<5 * Part + 3>(sha512, w);
  md5_round<first + 3>(md5, block);
  sha512_round<5 * Part + 4>(sha512, w);
  (md5_round<first + 4 + Step>(md5, block), ...);
}

/// Sixteenths `First` … of a SHA-512 block, with one block of MD5.
template <int First, int Steps, int... Parts>
SLUICE_INLINE void woven_blocks(std::integer_sequence<int, Parts...>, vector (&sha512)[8], vector* w, vector (&md5)[4],
                                const vector* words) {
  vector before[4];
  for (int i = 0; i < 4; ++i)
    before[i] = md5[i];
  (woven<First + Parts, Steps>(std::make_integer_sequence<int, Steps - 4>{}, sha512, w, md5, words), ...);
  for (int i = 0; i < 4; ++i)
    md5[i] = _mm512_add_epi32(md5[i], before[i]);
}

template <bool Both>
SLUICE_INLINE void hash(const u8* const (&from)[2 * half], std::size_t count, vector (&md5)[4],
                        vector (&sha512)[2][8]) {
  constexpr int step = 128;
  vector words[32], w[2][16];
  for (std::size_t offset = 0; count > 0; --count, offset += step) {
    load<Both>(from, offset, w[0], w[1], words);
    load<Both>(from, offset + 64, w[0] + 8, w[1] + 8, words + 16);
    for (int which = 0; which < (Both ? 2 : 1); ++which) {
      vector s[8];
      for (int i = 0; i < 8; ++i)
        s[i] = sha512[which][i];
      if constexpr (Both) {
        woven_blocks<0, 4>(std::make_integer_sequence<int, 16>{}, s, w[which], md5, words + 16 * which);
      } else {
        woven_blocks<0, 8>(std::make_integer_sequence<int, 8>{}, s, w[which], md5, words);
        woven_blocks<8, 8>(std::make_integer_sequence<int, 8>{}, s, w[which], md5, words);
      }
      for (int i = 0; i < 8; ++i)
        sha512[which][i] = _mm512_add_epi64(sha512[which][i], s[i]);
    }
  }
}

}  // namespace

void grouped_blocks_avx512(paired_state* const* states, const u8* const* bytes, std::size_t members,
                           std::size_t count) noexcept {
  const u8* from[2 * half];
  alignas(64) u32 md5_words[4][2 * half] = {};
  alignas(64) u64 sha512_words[2][8][half] = {};
  const int used = static_cast<int>(members);
  for (int member = 0; member < 2 * half; ++member) {
    from[member] = bytes[member < used ? member : 0];  // a place without a member computes what nobody reads
    if (member >= used)
      continue;
    for (int i = 0; i < 4; ++i)
      md5_words[i][md5_place(member)] = states[member]->md5[i];
    for (int i = 0; i < 8; ++i)
      sha512_words[member / half][i][member % half] = states[member]->sha512[i];
  }
  vector md5[4], sha512[2][8];
  for (int i = 0; i < 4; ++i)
    md5[i] = _mm512_load_si512(md5_words[i]);
  for (int i = 0; i < 8; ++i) {
    sha512[0][i] = _mm512_load_si512(sha512_words[0][i]);
    sha512[1][i] = _mm512_load_si512(sha512_words[1][i]);
  }
  if (used > half)
    hash<true>(from, count, md5, sha512);
  else
    hash<false>(from, count, md5, sha512);
  for (int i = 0; i < 4; ++i)
    _mm512_store_si512(md5_words[i], md5[i]);
  for (int i = 0; i < 8; ++i) {
    _mm512_store_si512(sha512_words[0][i], sha512[0][i]);
    _mm512_store_si512(sha512_words[1][i], sha512[1][i]);
  }
  for (int member = 0; member < used; ++member) {
    for (int i = 0; i < 4; ++i)
      states[member]->md5[i] = md5_words[i][md5_place(member)];
    for (int i = 0; i < 8; ++i)
      states[member]->sha512[i] = sha512_words[member / half][i][member % half];
  }
}

}  // namespace sluice::actors

#else

namespace sluice::actors {

void grouped_blocks_avx512(paired_state* const*, const std::uint8_t* const*, std::size_t, std::size_t) noexcept {
  __builtin_unreachable();  // paired_digest::supported() is false here
}

}  // namespace sluice::actors

#endif
