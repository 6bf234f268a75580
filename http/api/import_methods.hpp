// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace sluice::http {

/// The ways of interoperable import that this service offers, in the order in which clients are told. glance-download
/// needs the cloud's catalog: without Keystone it is not offered.
[[nodiscard]] inline std::span<const std::string_view> import_methods(bool has_catalog) noexcept {
  static constexpr std::array<std::string_view, 4> all{"glance-direct", "web-download", "copy-image",
                                                       "glance-download"};
  return std::span{all}.first(has_catalog ? all.size() : all.size() - 1);
}

/// Joined by commas without spaces, as the header wants them.
[[nodiscard]] inline std::string import_methods_field(bool has_catalog) {
  std::string all;
  for (const auto method : import_methods(has_catalog))
    all.append(all.empty() ? "" : ",").append(method);
  return all;
}

}  // namespace sluice::http
