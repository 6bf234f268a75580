// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/command/progress_display.hpp"
#include "http/command/record.hpp"
#include "http/command/service_client.hpp"

namespace sluice::command {

/// Shows an import until it is over, and gives its last record. A service that does not answer for a while (it may be
/// restarting: what it accepted is not lost) is asked again for a minute.
[[nodiscard]] attempt<import_record> follow(service_client& service, const std::string& id, progress_display& display);

}  // namespace sluice::command
