// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sluice::http {

/// The ways of interoperable import that this service offers, in the order in which clients are told.
inline constexpr std::array<std::string_view, 2> import_methods{"glance-direct", "web-download"};

/// Joined by commas without spaces, as the header wants them.
[[nodiscard]] inline std::string import_methods_field() {
  std::string all;
  for (const auto method : import_methods)
    all.append(all.empty() ? "" : ",").append(method);
  return all;
}

}  // namespace sluice::http
