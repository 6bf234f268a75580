// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/luks/luks_volume.hpp"

#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/virtual_size.hpp"

namespace sluice::actors::verification::structure {

using schemas::error_code;
using schemas::failure;
using schemas::refuse;
using schemas::result;

schemas::unexpected<failure> luks::impossible(std::string_view what) {
  return refuse(error_code::image_corrupt, "The LUKS volume's " + std::string{what} +
                                               " is impossible. Its header is damaged: get the image anew.");
}

schemas::unexpected<failure> luks::cut_off(std::uint64_t needed, std::uint64_t total) {
  return refuse(error_code::image_truncated,
                "The LUKS volume needs " + std::to_string(needed) + " bytes but the file has only " +
                    std::to_string(total) +
                    ". It was cut off: get it anew, and give 'expect.size' or 'expect.checksum' to notice it at once.");
}

result<walk_findings> walk_luks(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto front = image_piece::read(image, 0, 8, budget);
  if (!front)
    return schemas::unexpected<failure>{front.error()};
  const auto version = formats::read_big_endian<std::uint16_t>(front->bytes(), 6);
  if (version != 1 && version != 2)
    return refuse(error_code::unknown_feature,
                  "The LUKS volume has version " + std::to_string(version) +
                      "; versions 1 and 2 are known. Write it anew with 'cryptsetup' and try again.");
  const auto payload = version == 1 ? luks::walk_version_1(image, budget) : luks::walk_version_2(image, policy, budget);
  if (!payload)
    return schemas::unexpected<failure>{payload.error()};
  const auto sized = check_virtual_size(*payload, policy);
  if (!sized)
    return schemas::unexpected<failure>{sized.error()};
  walk_findings findings;
  findings.disk_format = "luks";
  findings.virtual_size = *payload;
  findings.remarks.emplace_back("The payload is encrypted and was not inspected.");
  return findings;
}

}  // namespace sluice::actors::verification::structure
