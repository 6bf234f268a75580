// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "actors/pipeline/digest_constants.hpp"

/// Always inlined and of internal linkage: code for AVX-512 that the linker could take for everybody's would crash the
/// processors that lack it.
#define SLUICE_INLINE static inline __attribute__((always_inline))

/// The rounds of MD5 (RFC 1321 section 3.4) for the files compiled for AVX-512, and for them alone: one message in the
/// lowest lane of a narrow vector, or sixteen side by side in a wide one.
namespace sluice::actors {
namespace {

// The round functions of both digests as truth tables of one ternary instruction.
constexpr int choose_table = 0xCA;    // a ? b : c; in MD5 F, and G with the arguments turned
constexpr int parity_table = 0x96;    // a ^ b ^ c; in MD5 H
constexpr int majority_table = 0xE8;  // at least two of a, b, c
constexpr int i_table = 0x2D;         // a ^ (b | ~c), asked as (c, b, d)

template <int Table>
SLUICE_INLINE __m128i ternary(__m128i a, __m128i b, __m128i c) {
  return _mm_ternarylogic_epi32(a, b, c, Table);
}
template <int Table>
SLUICE_INLINE __m512i ternary(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi32(a, b, c, Table);
}

SLUICE_INLINE __m128i sum_of(__m128i a, __m128i b) {
  return _mm_add_epi32(a, b);
}
SLUICE_INLINE __m512i sum_of(__m512i a, __m512i b) {
  return _mm512_add_epi32(a, b);
}

template <int Bits>
SLUICE_INLINE __m128i rotated_left(__m128i a) {
  return _mm_rol_epi32(a, Bits);
}
template <int Bits>
SLUICE_INLINE __m512i rotated_left(__m512i a) {
  return _mm512_rol_epi32(a, Bits);
}

/// The word that step `Step` takes, with the step's constant: of a block of 64 bytes …
template <int Step>
SLUICE_INLINE __m128i md5_added(const std::uint8_t* block) {
  std::uint32_t word;
  __builtin_memcpy(&word, block + 4 * digest_constants::md5_word(Step), sizeof word);
  return _mm_cvtsi32_si128(static_cast<int>(word + digest_constants::md5_additive[Step]));
}
/// … and of the words of sixteen blocks.
template <int Step>
SLUICE_INLINE __m512i md5_added(const __m512i* words) {
  const auto constant = _mm512_set1_epi32(static_cast<int>(digest_constants::md5_additive[Step]));
  return _mm512_add_epi32(words[digest_constants::md5_word(Step)], constant);
}

template <int Step, class Vector>
SLUICE_INLINE void md5_step(Vector& a, Vector b, Vector c, Vector d, Vector added) {
  Vector mixed;
  if constexpr (Step < 16)
    mixed = ternary<choose_table>(b, c, d);
  else if constexpr (Step < 32)
    mixed = ternary<choose_table>(d, b, c);
  else if constexpr (Step < 48)
    mixed = ternary<parity_table>(b, c, d);
  else
    mixed = ternary<i_table>(c, b, d);
  a = sum_of(rotated_left<digest_constants::md5_rotation[Step]>(sum_of(sum_of(a, added), mixed)), b);
}

/// The roles of the four words move on by one each step.
template <int Step, class Vector, class Source>
SLUICE_INLINE void md5_round(Vector (&s)[4], const Source* from) {
  md5_step<Step>(s[(64 - Step) & 3], s[(65 - Step) & 3], s[(66 - Step) & 3], s[(67 - Step) & 3], md5_added<Step>(from));
}

}  // namespace
}  // namespace sluice::actors
