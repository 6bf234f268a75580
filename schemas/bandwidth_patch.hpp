// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "schemas/configuration.hpp"

/// `[bandwidth]` over HTTP: the keys and the spellings of the file, as JSON.
namespace sluice::schemas {

/// Every key of `[bandwidth]` with its value as the file would spell it ("100MiB/s", "300us", "01:00"; "" = no cap).
/// Read back as a file's section it gives the same configuration.
[[nodiscard]] std::string to_json(const bandwidth_configuration& configured);

/// `current.bandwidth` after a JSON merge patch (RFC 7396): members take the place of the keys of the same name, null
/// puts the default back (for a project: takes its override away), arrays are replaced whole. The values are read by
/// the readers of the file and the outcome is held to all its rules.
///
/// Refusals: `invalid_json`, `payload_too_large`, `unknown_member`, `invalid_request`; `field` points into the patch
/// ("/link", "/projects/a/weight"). `current` is not changed.
[[nodiscard]] result<bandwidth_configuration> patch_bandwidth(const configuration& current, std::string_view patch);

}  // namespace sluice::schemas
