// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// The size of the guest's disk, in bytes, against the operator's limit. Errors: virtual_size_invalid for 0,
/// virtual_size_too_large.
[[nodiscard]] schemas::result<void> check_virtual_size(std::uint64_t virtual_size, const walk_policy& policy);

}  // namespace sluice::actors::verification::structure
