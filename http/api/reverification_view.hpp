// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "actors/protocol.hpp"

namespace sluice::http {

/// The report as operators see it; the published schema `reverification`.
[[nodiscard]] std::string reverification_json(const actors::reverification_report& report);

}  // namespace sluice::http
