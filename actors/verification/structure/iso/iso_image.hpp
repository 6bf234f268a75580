// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// An ISO 9660 disc (ECMA-119) with its extensions Joliet, Rock Ridge and El Torito, and the UDF structures of a bridge
/// disc (ECMA-167): every descriptor, path table, directory and file extent inside the file, directories without loops.
/// What a hybrid's partition tables say is held against the file's end only: tools disagree on the rest.
[[nodiscard]] schemas::result<walk_findings> walk_iso(image_bytes& image, const walk_policy& policy,
                                                      walk_budget& budget);

}  // namespace sluice::actors::verification::structure
