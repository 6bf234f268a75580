// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "persistence/record_store.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors {

/// May `project` store `more` bytes beside those of its images? quota_exceeded when not, or when it has used all of its
/// quota already. An early answer, before anything is fetched (`more`: what is known of the size, 0 for nothing) and
/// when the bytes are all there. What runs at the same time is held to the quota by the commit that makes an image of
/// it.
[[nodiscard]] schemas::result<void> check_quota(const persistence::record_store& records,
                                                const schemas::imports_configuration& limits, std::string_view project,
                                                std::uint64_t more);

}  // namespace sluice::actors
