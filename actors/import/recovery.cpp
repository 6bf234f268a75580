// SPDX-License-Identifier: Apache-2.0
#include "actors/import/recovery.hpp"

#include <string>
#include <unordered_set>

#include <spdlog/spdlog.h>

namespace sluice::actors {

using schemas::image_import_status;

sweep_report sweep_orphans(const persistence::record_store& records, persistence::blob_store& blobs) {
  std::unordered_set<std::string> staged_claims, image_claims;
  for (const auto& record : records.live_imports()) {
    // What was made by conversion is staged under the image's id, and what it was made of is not needed any more.
    const bool converted = record.facts && record.facts->converted();
    if (record.status != image_import_status::waiting)
      staged_claims.insert(converted ? record.image_id : record.id);
    if (record.status == image_import_status::verifying)
      image_claims.insert(record.image_id);
  }
  sweep_report report;
  for (const auto& id : blobs.staged_ids()) {
    if (staged_claims.contains(id))
      continue;
    if (const auto removed = blobs.remove_staged(id); removed)
      ++report.staged_removed;
    else
      spdlog::error("orphan not removed staged={} reason=\"{}\"", id, removed.error().message);
  }
  for (const auto& id : blobs.image_ids()) {
    if (image_claims.contains(id) || records.has_image(id))
      continue;
    if (const auto removed = blobs.remove_image(id); removed)
      ++report.images_removed;
    else
      spdlog::error("orphan not removed image={} reason=\"{}\"", id, removed.error().message);
  }
  return report;
}

}  // namespace sluice::actors
