// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sluice::actors {

/// A new id for a record. Unguessable: 122 bits from the system's entropy source (RFC 9562, version 4).
[[nodiscard]] std::string random_id();

}  // namespace sluice::actors
