// SPDX-License-Identifier: Apache-2.0
// One target under libFuzzer: of the kind that it is compiled for (SLUICE_FUZZ_KIND) the one that the program is named
// after, fuzz_TARGET.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "tests/fuzz/mutator.hpp"
#include "tests/fuzz/promises.hpp"

// libFuzzer gives all of these their names.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace sluice::tests::fuzz;

const target* chosen = nullptr;

void mutate_part(std::span<std::byte> part) {
  LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(part.data()), part.size(), part.size());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char*** argv) {
  const std::string program = std::filesystem::path{**argv}.filename();
  for (const auto& each : SLUICE_FUZZ_KIND())
    if (program == "fuzz_" + std::string{each.name})
      chosen = &each;
  if (chosen == nullptr) {
    std::cerr << program << " is not fuzz_ and the name of a target\n";
    std::exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  if (chosen->form == input_form::image)
    if (auto image = read_outline(std::as_bytes(std::span{data, size}))) {
      mutate_image(*image, seed, mutate_part);
      if (const auto changed = written(*image); changed.size() <= max_size) {
        std::ranges::copy(changed, reinterpret_cast<std::byte*>(data));
        return changed.size();
      }
    }
  return LLVMFuzzerMutate(data, size, max_size);
}
