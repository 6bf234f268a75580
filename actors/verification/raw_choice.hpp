// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/formats/foreign.hpp"
#include "actors/verification/stream_inspection.hpp"

namespace sluice::actors::verification {

/// What is known of a file whose front is complete and none of the disk formats.
struct raw_facts {
  formats::bytes_view front;
  bool partition_table = false;
  bool filesystem = false;
  bool kernel = false;
  std::string_view title;  ///< of what was recognised; empty when nothing was
};

/// Which `disk_format` such a file has: `raw`, or what was declared of `ami`, `aki`, `ari` and `vhd` (a fixed VHD shows
/// itself only at its last byte). Refuses what is no image, what was declared as something else, and a raw disk without
/// evidence.
[[nodiscard]] schemas::result<std::string> choose_raw_format(schemas::raw_policy policy,
                                                             const std::optional<std::string>& declared,
                                                             const raw_facts& facts);

}  // namespace sluice::actors::verification
