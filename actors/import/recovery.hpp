// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "persistence/blob_store.hpp"
#include "persistence/record_store.hpp"

namespace sluice::actors {

struct sweep_report {
  std::size_t staged_removed = 0;
  std::size_t images_removed = 0;
};

/// Before the service starts: removes staged files that no live import will continue and image files that no record and
/// no import in verification claims. A crash at any point leaves only such files; after the sweep there are none.
[[nodiscard]] sweep_report sweep_orphans(const persistence::record_store& records, persistence::blob_store& blobs);

}  // namespace sluice::actors
