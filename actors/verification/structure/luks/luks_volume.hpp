// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "actors/verification/structure/walk.hpp"

namespace sluice::actors::verification::structure {

/// A LUKS volume, version 1 or 2: its headers, the places of its key material and of the payload, and how much work and
/// memory an unlocking would ask of the host. The payload is encrypted: a remark says that nobody looked inside.
[[nodiscard]] schemas::result<walk_findings> walk_luks(image_bytes& image, const walk_policy& policy,
                                                       walk_budget& budget);

/// The parts of it, a version each. Both return the payload's size in bytes.
namespace luks {

inline constexpr std::string_view magic{"LUKS\xba\xbe", 6};

/// Unlocking runs in the host with what the header says: no more than a minute of one slow core, and 4 GiB.
inline constexpr std::uint64_t most_iterations = 100'000'000;
inline constexpr std::uint64_t most_memory_kib = 4 << 20;
inline constexpr std::uint64_t stripes = 4000;  ///< the only number that implementations accept

/// LUKS On-Disk Format Specification 1.2.3.
[[nodiscard]] schemas::result<std::uint64_t> walk_version_1(image_bytes& image, walk_budget& budget);
/// A header of version 1 without a payload behind it, as an encrypted qcow2 image has one: all of it and its key
/// material lie in `area`.
[[nodiscard]] schemas::result<void> walk_detached_header(image_bytes& area, walk_budget& budget);
/// LUKS2 On-Disk Format Specification 1.1.3: both binary headers with their checksums, then the metadata.
[[nodiscard]] schemas::result<std::uint64_t> walk_version_2(image_bytes& image, const walk_policy& policy,
                                                            walk_budget& budget);
/// The JSON metadata of version 2: key slots, segments, digests, requirements. `header` is the length in bytes of one
/// of the two headers, `text` its JSON.
[[nodiscard]] schemas::result<std::uint64_t> check_metadata(std::string_view text, std::uint64_t header,
                                                            std::uint64_t file_size, walk_budget& budget);

/// image_corrupt: "The LUKS volume's `what` is impossible. …"
[[nodiscard]] schemas::unexpected<schemas::failure> impossible(std::string_view what);
/// image_truncated.
[[nodiscard]] schemas::unexpected<schemas::failure> cut_off(std::uint64_t needed, std::uint64_t total);

}  // namespace luks
}  // namespace sluice::actors::verification::structure
