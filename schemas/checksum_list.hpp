// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/image_import.hpp"

/// Files of checksums as publishers put them beside their images: SHA256SUMS, SHA512SUMS, CHECKSUM. Untrusted text;
/// nothing of it is ever shown.
namespace sluice::schemas {

/// The digests that `text` gives for the file `name`: at most one of sha256 and one of sha512, at least one of them.
///
/// Lines are those of GNU coreutils (`hex  name`, `hex *name`, with a backslash in front of a name that had to be
/// escaped; 64 digits are sha256, 128 are sha512) and of BSD (`SHA256 (name) = hex`), in any mixture; a `./` before the
/// name does not count. Every other line is passed over, as a signature's armour and comments are. Refused as
/// `checksum_mismatch`: no line names the file, its lines have only weaker digests, or they contradict each other.
[[nodiscard]] result<std::vector<expected_checksum>> checksums_for(std::string_view name, std::string_view text);

/// The last segment of the path of a URL, its percent-encoding undone; empty when the path ends with a slash.
[[nodiscard]] std::string file_name_of(std::string_view url);

/// `text` in lower case when it is hexadecimal digits and nothing else.
[[nodiscard]] std::optional<std::string> hexadecimal(std::string_view text);

}  // namespace sluice::schemas
