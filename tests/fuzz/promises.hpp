// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "schemas/failure.hpp"
#include "tests/fuzz/targets.hpp"

/// What targets are made of.
namespace sluice::tests::fuzz {

[[nodiscard]] std::span<const target> image_targets() noexcept;
[[nodiscard]] std::span<const target> packaging_targets() noexcept;
[[nodiscard]] std::span<const target> api_targets() noexcept;
[[nodiscard]] std::span<const target> service_targets() noexcept;

inline void promise(bool kept, std::string_view what) {
  if (kept)
    return;
  std::cerr << "broken: " << what << '\n';
  std::abort();
}

[[nodiscard]] inline std::string_view text_of(std::span<const std::byte> input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

/// A refusal says why: a code of its own and a sentence.
template <class Value>
[[nodiscard]] bool explained(const schemas::result<Value>& outcome) {
  return outcome || (outcome.error().code != schemas::error_code::none && !outcome.error().message.empty());
}

}  // namespace sluice::tests::fuzz
