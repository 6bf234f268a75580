// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/api/exchange.hpp"
#include "schemas/image_import.hpp"

namespace sluice::http {

/// `Accept: text/event-stream` on one import (server-sent events, HTML Living Standard section 9.2): an event `status`
/// with the whole record at once and at every change of status, `progress` when bytes moved (not more often than every
/// half second), comments in silence. Ends after the event of a final status, or when the import is removed.
[[nodiscard]] response stream_import(exchange& at, const schemas::image_import& record);

}  // namespace sluice::http
