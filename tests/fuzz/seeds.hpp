// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/fuzz/targets.hpp"

/// Sound inputs from which the fuzzers set out, built from the published formats. Those that are text are files:
/// seeds/TARGET/.
namespace sluice::tests::fuzz {

[[nodiscard]] std::vector<bytes> qcow2_seeds();
[[nodiscard]] std::vector<bytes> qed_seeds();
[[nodiscard]] std::vector<bytes> vdi_seeds();
[[nodiscard]] std::vector<bytes> vmdk_seeds();
[[nodiscard]] std::vector<bytes> vhd_seeds();
[[nodiscard]] std::vector<bytes> vhdx_seeds();
[[nodiscard]] std::vector<bytes> luks_seeds();
[[nodiscard]] std::vector<bytes> iso_seeds();
[[nodiscard]] std::vector<bytes> raw_seeds();
[[nodiscard]] std::vector<bytes> filesystem_seeds();  ///< part of those of raw disks
[[nodiscard]] std::vector<bytes> kernel_seeds();
[[nodiscard]] std::vector<bytes> every_image();  ///< of all of them
[[nodiscard]] std::vector<bytes> tar_seeds();
[[nodiscard]] std::vector<bytes> packed_seeds();
[[nodiscard]] std::vector<bytes> certificate_seeds();
[[nodiscard]] std::vector<bytes> record_seeds();

}  // namespace sluice::tests::fuzz
