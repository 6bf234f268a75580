// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "persistence/record_store.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors {

/// May `project` store `more` bytes beside those of its images? quota_exceeded when not, or when it has used all of its
/// quota already. Asked when an import or upload is taken in (`more`: what is known of its size, 0 for nothing) and
/// again when its bytes are all there: what runs at the same time may together come to more than the quota, but then
/// no more than one of them is let in beyond it.
[[nodiscard]] schemas::result<void> check_quota(const persistence::record_store& records,
                                                const schemas::imports_configuration& limits, std::string_view project,
                                                std::uint64_t more);

}  // namespace sluice::actors
