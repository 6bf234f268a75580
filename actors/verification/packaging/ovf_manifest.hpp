// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/failure.hpp"

namespace sluice::actors::verification::packaging {

enum class manifest_digest : std::uint8_t { sha1, sha256, sha512 };

/// What a member of a package must hash to.
struct manifest_entry {
  manifest_digest algorithm = manifest_digest::sha256;
  std::string name;   ///< plain, and once in the manifest
  std::string value;  ///< lower-case hexadecimal digits, as many as the algorithm gives

  friend bool operator==(const manifest_entry&, const manifest_entry&) = default;
};

/// Reads an OVF manifest (DMTF DSP0243 2.1, section 6.4.1): lines "SHA256(name)= digits". At most 1 MiB and 1000
/// lines. Errors: `unpacking_failed`.
[[nodiscard]] schemas::result<std::vector<manifest_entry>> read_ovf_manifest(std::string_view text);

}  // namespace sluice::actors::verification::packaging
