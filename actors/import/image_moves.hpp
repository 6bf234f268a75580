// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schemas/image_change.hpp"
#include "schemas/image_import.hpp"

/// What an import does to the image that it fills, at each of its steps: Glance's statuses and marks. Pure; the image
/// registry makes the moves, together with the import's own record.
namespace sluice::actors {

/// It begins: the image is taken, for this import alone.
[[nodiscard]] schemas::image_transition begin_of(const schemas::image_import& record);
/// Its bytes are staged: the image shows how many.
[[nodiscard]] schemas::image_transition staged_of(const schemas::image_import& record);
/// What was staged is imported now.
[[nodiscard]] schemas::image_transition release_of(const schemas::image_import& record);
/// The image has its bytes.
[[nodiscard]] schemas::image_transition success_of(const schemas::image_import& record);
/// The image is as it was before, but for the mark of a failed import.
[[nodiscard]] schemas::image_transition failure_of(const schemas::image_import& record);

}  // namespace sluice::actors
