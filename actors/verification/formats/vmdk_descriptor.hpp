// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "actors/verification/formats/bytes.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification::formats {

/// Judges the text inside a VMDK that says how its data is stored (VMware, "Virtual Disk Format 5.0", section "The
/// Descriptor File"). Every line must be one that is known: hypervisors search this text for words in their own ways,
/// and one that finds a file name here opens it (CVE-2022-47951).
///
/// Guarantees: createType there once, in its own spelling, monolithicSparse or streamOptimized; exactly one extent,
/// SPARSE, of `capacity` sectors, named without a folder; no parent; a CID and a
/// parentCID that QEMU can read.
[[nodiscard]] schemas::result<void> judge_vmdk_descriptor(std::string_view text, std::uint64_t capacity);

}  // namespace sluice::actors::verification::formats
