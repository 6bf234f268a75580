// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "actors/bandwidth/bandwidth_report.hpp"
#include "schemas/configuration.hpp"

namespace sluice::http {

/// What is in force and who has how much, as `/v2/schemas/bandwidth` describes it: rates in bytes per second, null
/// where nothing limits or nothing is known; `configuration` as the file would spell it, and as numbers in `rates`.
[[nodiscard]] std::string bandwidth_json(const actors::bandwidth_report& report,
                                         const schemas::bandwidth_configuration& configured);

}  // namespace sluice::http
