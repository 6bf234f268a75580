// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Everything that reads bytes it cannot trust, each as one function of those bytes. The same targets are run by
/// libFuzzer (tests/fuzz/run) and, over their seeds and mutations of them, by every check (replay.cpp).
namespace sluice::tests::fuzz {

using bytes = std::vector<std::byte>;

/// How an input is changed into the next one.
enum class input_form : std::uint8_t {
  text,   ///< bytes, as libFuzzer does
  image,  ///< fields and pieces of an outline (outline.hpp), with its checksums made right again (mutator.hpp)
};

struct target {
  std::string_view name;
  void (*run)(std::span<const std::byte> input);  ///< aborts when a promise is broken
  std::vector<bytes> (*seeds)() = nullptr;        ///< beside the files of seeds/NAME/
  input_form form = input_form::text;
};

[[nodiscard]] std::span<const target> targets();
/// nullptr when there is none of that name.
[[nodiscard]] const target* find_target(std::string_view name);

}  // namespace sluice::tests::fuzz
