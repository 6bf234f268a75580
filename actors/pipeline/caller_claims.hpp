// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "actors/verification/signatures/signature_check.hpp"
#include "schemas/image_import.hpp"

namespace sluice::actors {

/// What the caller says of the bytes, ready to be compared once they are there.
struct caller_claims {
  std::vector<schemas::expected_checksum> checksums;       ///< of the bytes as received; every one must hold
  std::optional<verification::signature_check> signature;  ///< of the image as stored
};

}  // namespace sluice::actors
