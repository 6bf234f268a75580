// SPDX-License-Identifier: Apache-2.0
#include "actors/admission/project_quota.hpp"

#include <fmt/format.h>

namespace sluice::actors {

schemas::result<void> check_quota(const persistence::record_store& records,
                                  const schemas::imports_configuration& limits, std::string_view project,
                                  std::uint64_t more) {
  const auto quota = limits.project_quota;
  if (quota == 0)
    return {};
  const auto used = persistence::stored_bytes(records.usage_of(project));
  if (used < quota && more <= quota - used)
    return {};
  return schemas::refuse(
      schemas::error_code::quota_exceeded,
      fmt::format("The images of your project take {} bytes and may take {}; there is no room for {}. "
                  "Delete images that you no longer need.",
                  used, quota, more == 0 ? std::string{"more"} : fmt::format("{} more", more)));
}

}  // namespace sluice::actors
