// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "actors/import/import_progress.hpp"
#include "schemas/image_import.hpp"
#include "schemas/json.hpp"

namespace sluice::http {

/// How far a live import is, in the words of the API; nothing for a finished one. `queue_position` 0 = not known.
[[nodiscard]] std::optional<schemas::progress_view> view_progress(const schemas::image_import& record,
                                                                  const actors::progress_board& board,
                                                                  std::uint64_t queue_position);

}  // namespace sluice::http
