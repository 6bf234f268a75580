// SPDX-License-Identifier: Apache-2.0
// One target under libFuzzer; which one is said when it is compiled (SLUICE_FUZZ_TARGET).
#include <cstdint>
#include <cstdlib>

#include "tests/fuzz/targets.hpp"

// NOLINTNEXTLINE: libFuzzer gives it its name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto* const chosen = sluice::tests::fuzz::find_target(SLUICE_FUZZ_TARGET);
  if (chosen == nullptr)
    std::abort();
  chosen->run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
