// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "actors/bandwidth/gate.hpp"
#include "actors/verification/stream_inspection.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

namespace sluice::actors {

/// A whole file, from the disk itself, once: what its digests are.
struct read_back_plan {
  int file = -1;                        ///< open for reading, and nobody else's: it is set to bypass the page cache
  std::string os_hash_algo = "sha512";  ///< sha512 | sha256
  bool md5 = true;
  std::optional<verification::inspection_policy> inspection;  ///< when it is to be judged as it streams, too
  const gate* before = &gate::always_open();                  ///< passed before each block
  std::function<bool()> stopped = [] { return false; };
  std::function<void(std::uint64_t)> on_progress = [](std::uint64_t) {};  ///< bytes so far
};

/// Reads past the page cache where the filesystem lets it, so that what is served stays cached, and so that what is on
/// the disk is seen. Blocks: for a thread of the lowest priority. Without an inspection, format and virtual size of the
/// facts are empty. Fails as `cancelled` once `stopped`, `store_failed` when the disk does not give the bytes, and as
/// the inspection refuses.
[[nodiscard]] schemas::result<schemas::content_facts> read_back(const read_back_plan& plan);

}  // namespace sluice::actors
