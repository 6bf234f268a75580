// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "tests/fuzz/outline.hpp"

namespace sluice::tests::fuzz {

/// Changes the bytes of `part`, which keeps its length.
using byte_mutation = std::function<void(std::span<std::byte> part)>;

/// One change that an image's reader may notice: a field set to what breaks parsers, or to what another field holds; a
/// stretch changed by `mutate`, moved, doubled or left out; the file cut or lengthened. Mostly sealed afterwards.
void mutate_image(outline& image, std::uint64_t seed, const byte_mutation& mutate);

}  // namespace sluice::tests::fuzz
