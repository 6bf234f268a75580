// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "actors/verification/structure/walk.hpp"

/// What a partition table says, followed to its end.
namespace sluice::actors::verification::structure::raw {

/// One partition, in bytes of the disk; wholly inside the file.
struct partition {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct partitioning {
  std::vector<partition> partitions;
  std::uint64_t end = 0;  ///< the first byte after everything the table speaks of
  std::vector<std::string> remarks;
};

/// The GUID partition table (UEFI Specification 2.10, section 5.3) whose header stands at `sector` (512 or 4096).
///
/// Guarantees: both headers and both tables have right checksums and say the same; neither table lies over a header,
/// the other table or a partition; partitions are inside the usable space and apart from each other. Errors:
/// image_corrupt, image_truncated, overlapping_structures, too_complex.
[[nodiscard]] schemas::result<partitioning> read_gpt(image_bytes& disk, std::uint64_t sector, walk_budget& budget);

/// The partitions of a master boot record, those in extended partitions included. `sector` is the boot sector. Types
/// 0xEE are left out.
///
/// Guarantees: every partition is inside the file, logical ones inside their extended one, and none over another; the
/// chain of extended boot records ends. Errors as above.
[[nodiscard]] schemas::result<partitioning> read_mbr(image_bytes& disk, walk_budget& budget);

}  // namespace sluice::actors::verification::structure::raw
