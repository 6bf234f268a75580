// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "persistence/impl/lmdb.hpp"
#include "persistence/impl/tables.hpp"
#include "persistence/project_usage.hpp"
#include "schemas/failure.hpp"
#include "schemas/image.hpp"

/// The table `usage`: project ‖ what its images take. No row: nothing.
namespace sluice::persistence {

[[nodiscard]] project_usage read_usage(const lmdb::transaction& within, const tables& where, std::string_view project);

/// Refuses with quota_exceeded that the image becomes `after` (it is `before`; none: it is not there) when it then
/// takes more, and its project's images more than `quota` bytes; 0: no bound.
[[nodiscard]] schemas::result<void> check_quota(const std::optional<schemas::image>& before,
                                                const schemas::image& after, std::uint64_t quota,
                                                const lmdb::transaction& within, const tables& where);

/// The image was `before` (none: it was not there) and is `after`.
void count_change(const std::optional<schemas::image>& before, const std::optional<schemas::image>& after,
                  lmdb::write_transaction& within, const tables& where);

}  // namespace sluice::persistence
