// SPDX-License-Identifier: Apache-2.0
#include "schemas/live_configuration.hpp"

#include <utility>

#include "schemas/bandwidth_patch.hpp"

namespace sluice::schemas {

void live_configuration::tell(listeners parts) {
  const std::lock_guard guard{mutex_};
  parts_ = std::move(parts);
}

configuration live_configuration::current() const {
  const std::lock_guard guard{mutex_};
  return current_;
}

result<void> live_configuration::patch(std::string_view json) {
  const std::lock_guard guard{mutex_};
  auto patched = patch_bandwidth(current_, json);
  if (!patched)
    return tl::unexpected{patched.error()};
  current_.bandwidth = std::move(*patched);
  if (parts_.bandwidth)
    parts_.bandwidth(current_.bandwidth);
  return {};
}

std::vector<std::string> live_configuration::replace(const configuration& fresh) {
  const std::lock_guard guard{mutex_};
  std::vector<std::string> left;
  const auto compare = [&left](const char* section, bool same) {
    if (!same)
      left.emplace_back(section);
  };
  compare("http", fresh.http == current_.http);
  compare("store", fresh.store == current_.store);
  compare("auth", fresh.auth == current_.auth && fresh.keystone == current_.keystone);
  compare("policy", fresh.policy == current_.policy);
  compare("sources", fresh.sources == current_.sources);
  compare("verify", fresh.verify == current_.verify);
  compare("digests", fresh.digests == current_.digests);
  compare("network", fresh.network == current_.network);
  current_.bandwidth = fresh.bandwidth;
  current_.imports = fresh.imports;
  if (parts_.bandwidth)
    parts_.bandwidth(current_.bandwidth);
  if (parts_.imports)
    parts_.imports(current_.imports);
  return left;
}

}  // namespace sluice::schemas
