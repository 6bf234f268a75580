// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "actors/verification/sandbox/keeper.hpp"

namespace sluice::tests {

/// What hostile bytes might make of the code that reads them, and the real walk.
[[nodiscard]] std::span<const actors::verification::sandbox::built_in> hostile_functions() noexcept;

}  // namespace sluice::tests
