// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/iso/iso_image.hpp"

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/iso/volume.hpp"
#include "actors/verification/structure/virtual_size.hpp"

namespace sluice::actors::verification::structure {

using schemas::failure;
using schemas::result;

result<walk_findings> walk_iso(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  walk_findings findings;
  findings.disk_format = "iso";
  findings.virtual_size = formats::round_up(image.size(), 512);
  const auto set = iso::read_descriptors(image, budget);
  if (!set)
    return schemas::unexpected<failure>{set.error()};
  auto judged = check_virtual_size(findings.virtual_size, policy);
  for (const auto& tree : set->trees) {
    if (judged)
      judged = iso::check_path_tables(image, tree, budget);
    if (judged)
      judged = iso::check_directories(image, tree, budget);
  }
  if (judged && set->catalog)
    judged = iso::check_boot_catalog(image, *set->catalog, budget);
  if (judged && set->universal) {
    judged = iso::check_universal(image, budget);
    findings.remarks.emplace_back("The files of the disc's UDF filesystem were not inspected.");
  }
  if (judged)
    judged = iso::check_hybrid(image, findings, budget);
  if (!judged)
    return schemas::unexpected<failure>{judged.error()};
  return findings;
}

}  // namespace sluice::actors::verification::structure
