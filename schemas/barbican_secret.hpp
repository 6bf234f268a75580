// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "schemas/failure.hpp"

namespace sluice::schemas {

/// What Barbican says of a secret (GET /v1/secrets/{id} of its API): the media type under which its payload can be had.
/// Refused, as `invalid_json`, when it says none that may stand in a header.
[[nodiscard]] result<std::string> barbican_payload_type(std::string_view metadata);

}  // namespace sluice::schemas
