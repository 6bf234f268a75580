// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sluice::actors::verification::packaging {

/// Whether a name in an archive, a manifest or a descriptor is that of a plain file beside it: 1 to 255 bytes, not
/// beginning with a point, without slashes, colons, quotes or control characters. No name ever becomes a path here;
/// what is not plain is refused all the same, because whoever writes such names wants them to become one elsewhere.
[[nodiscard]] constexpr bool is_plain_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 255 || name.front() == '.')
    return false;
  for (const char letter : name) {
    const auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7F || letter == '/' || letter == '\\' || letter == ':' || letter == '"')
      return false;
  }
  return true;
}

}  // namespace sluice::actors::verification::packaging
