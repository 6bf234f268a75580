// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::packaging {

/// What may be around an image.
enum class packing : std::uint8_t { gzip, xz, zstd, bzip2, ova };

/// How many bytes of the front `sniff` looks at; a file that is shorter is judged by what there is.
constexpr std::size_t sniffed_front = 512;

/// What the first bytes are packed as, by their content alone: the magic numbers of RFC 1952 section 2.3.1, of the .xz
/// file format section 2.1.1.1, of RFC 8878 section 3.1, of bzip2, or a tar archive whose first member is an OVF
/// descriptor (DMTF DSP0243 section 5.1). Empty for everything else.
[[nodiscard]] std::optional<packing> sniff(formats::bytes_view front) noexcept;

/// The word of `[verify] unpack` for it.
[[nodiscard]] std::string_view to_string(packing kind) noexcept;
/// For a sentence: "a gzip archive".
[[nodiscard]] std::string_view title_of(packing kind) noexcept;

}  // namespace sluice::actors::verification::packaging
