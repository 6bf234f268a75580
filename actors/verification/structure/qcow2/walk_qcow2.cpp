// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/walk_qcow2.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/luks/luks_volume.hpp"
#include "actors/verification/structure/qcow2/bitmaps.hpp"
#include "actors/verification/structure/qcow2/cluster_use.hpp"
#include "actors/verification/structure/qcow2/guest_tables.hpp"
#include "actors/verification/structure/qcow2/header.hpp"
#include "actors/verification/structure/qcow2/refcounts.hpp"
#include "actors/verification/structure/qcow2/snapshots.hpp"

namespace sluice::actors::verification::structure {
namespace {

using schemas::error_code;
using schemas::result;

/// The keys' place; what they open is not inspected.
result<void> claim_encryption(image_bytes& image, const qcow2::header& fields, qcow2::cluster_use& use,
                              walk_budget& budget) {
  if (!fields.encryption_header)
    return {};
  const auto& [offset, length] = *fields.encryption_header;
  if (auto claimed = use.claim(qcow2::content::encryption_header, offset, length); !claimed)
    return claimed;
  constexpr std::uint64_t luks_header = 592;
  constexpr std::string_view magic{"LUKS\xba\xbe\0\1", 8};
  std::array<std::byte, 8> front{};
  if (length >= luks_header) {
    if (auto read = image.read(offset, front); !read)
      return read;
  }
  if (!formats::holds(front, 0, magic))
    return qcow2::damaged(error_code::image_corrupt,
                          "The qcow2 image's encryption header must be one of LUKS version 1, and is not");
  image_part keys{image, offset, length};
  return luks::walk_detached_header(keys, budget);
}

/// Everything but what the tables of disks lead to.
result<void> claim_metadata(image_bytes& image, const qcow2::header& fields, qcow2::cluster_use& use,
                            walk_budget& budget) {
  return use.claim(qcow2::content::header, 0, 1)
      .and_then([&] { return qcow2::claim_refcounts(image, fields, use, budget); })
      .and_then(
          [&] { return use.claim(qcow2::content::l1_table, fields.l1_offset, std::uint64_t{fields.l1_entries} * 8); })
      .and_then([&] { return claim_encryption(image, fields, use, budget); })
      .and_then([&] { return qcow2::claim_bitmaps(image, fields, use, budget); });
}

/// The active disk comes first, so that what it and the snapshots share is known as its own.
result<void> follow_disks(const qcow2::header& fields, const std::vector<qcow2::l1_table>& snapshots,
                          qcow2::guest_tables& tables) {
  const qcow2::l1_table active{fields.l1_offset, fields.l1_entries};
  auto judged = tables.claim_l2_tables(active, true);
  for (std::size_t i = 0; judged && i < snapshots.size(); ++i)
    judged = tables.claim_l2_tables(snapshots[i], false);
  if (judged)
    judged = tables.follow_l2_tables(active, true);
  for (std::size_t i = 0; judged && i < snapshots.size(); ++i)
    judged = tables.follow_l2_tables(snapshots[i], false);
  return judged ? tables.finish() : judged;
}

}  // namespace

result<walk_findings> walk_qcow2(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto forward = [](const auto& judged) { return schemas::unexpected<schemas::failure>{judged.error()}; };
  const auto fields = qcow2::read_header(image, policy);
  if (!fields)
    return forward(fields);
  auto use = qcow2::cluster_use::of(image.size(), fields->cluster_bits, budget);
  if (!use)
    return forward(use);
  if (auto judged = claim_metadata(image, *fields, *use, budget); !judged)
    return forward(judged);
  const auto snapshots = qcow2::claim_snapshots(image, *fields, *use, budget);
  if (!snapshots)
    return forward(snapshots);
  qcow2::guest_tables tables{image, *fields, *use, budget};
  if (auto judged = follow_disks(*fields, *snapshots, tables); !judged)
    return forward(judged);
  if (auto judged = qcow2::compare_refcounts(image, *fields, *use, budget); !judged)
    return forward(judged);
  walk_findings findings;
  findings.disk_format = "qcow2";
  findings.virtual_size = fields->virtual_size();
  findings.allocated = tables.allocated();
  if (fields->encryption_header)
    findings.remarks.emplace_back("The guest's disk is encrypted with LUKS and was not inspected.");
  return findings;
}

}  // namespace sluice::actors::verification::structure
