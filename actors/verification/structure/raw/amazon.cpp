// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/raw/amazon.hpp"

#include <algorithm>

#include "actors/verification/formats/kernel.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/raw/raw_disk.hpp"
#include "actors/verification/structure/virtual_size.hpp"

namespace sluice::actors::verification::structure {

using schemas::failure;
using schemas::result;

result<walk_findings> walk_ami(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  auto findings = walk_raw(image, policy, budget);
  if (findings)
    findings->disk_format = "ami";
  return findings;
}

result<walk_findings> walk_aki(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto front = image_piece::read(image, 0, std::min<std::uint64_t>(image.size(), 4096), budget);
  if (!front)
    return schemas::unexpected<failure>{front.error()};
  formats::image_window window;
  window.front = front->bytes();
  window.total = image.size();
  window.ended = true;
  formats::kernel_inspector kernel;
  walk_findings findings;
  findings.disk_format = "aki";
  findings.virtual_size = formats::round_up(image.size(), 512);
  const auto sized = check_virtual_size(findings.virtual_size, policy);
  if (!sized)
    return schemas::unexpected<failure>{sized.error()};
  if (kernel.recognise(window) == formats::presence::present) {
    const auto judged = kernel.finish(window);
    if (!judged)
      return schemas::unexpected<failure>{judged.error()};
  }
  findings.remarks.emplace_back("What is in the kernel was not inspected.");
  return findings;
}

result<walk_findings> walk_ari(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto front = image_piece::read(image, 0, std::min<std::uint64_t>(image.size(), 4096), budget);
  if (!front)
    return schemas::unexpected<failure>{front.error()};
  auto findings = walk_raw(image, policy, budget);
  if (!findings)
    return findings;
  findings->disk_format = "ari";
  if (formats::looks_like_ramdisk(front->bytes()))
    findings->remarks.assign({"What is in the ramdisk was not inspected."});
  return findings;
}

}  // namespace sluice::actors::verification::structure
