// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "schemas/configuration.hpp"
#include "schemas/image_import.hpp"
#include "schemas/json_value.hpp"

/// `expect` of a request: what the user says the bytes are.
namespace sluice::schemas {

/// Reads `value` (null when the request has none). A digest is sha256 or sha512 of full length; md5 and sha1 are
/// compared too, but only beside one of those: their collisions can be made, so alone they prove nothing. `location` is
/// that of the request, already normalised; `sources` judges `checksums_url` as it does a location.
[[nodiscard]] result<expectation> read_expectation(const json_value* value, std::string_view location,
                                                   const sources_configuration& sources);

/// The URL as it is fetched: `value` parsed and judged by `sources`. Refusals point to `pointer`.
[[nodiscard]] result<std::string> read_url(const json_value* value, const sources_configuration& sources,
                                           const std::string& what, const std::string& pointer);

}  // namespace sluice::schemas
