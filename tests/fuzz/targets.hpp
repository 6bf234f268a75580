// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

/// Everything that reads bytes it cannot trust, each as one function of those bytes. The same targets are run by
/// libFuzzer (tests/fuzz/run) and, over their seeds and mutations of them, by every check (replay.cpp).
namespace sluice::tests::fuzz {

using bytes = std::vector<std::byte>;

struct target {
  std::string_view name;
  void (*run)(std::span<const std::byte> input);  ///< aborts when a promise is broken
  std::vector<bytes> (*seeds)();
};

[[nodiscard]] std::span<const target> targets() noexcept;
/// nullptr when there is none of that name.
[[nodiscard]] const target* find_target(std::string_view name) noexcept;

}  // namespace sluice::tests::fuzz
