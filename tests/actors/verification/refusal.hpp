// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include "tests/actors/verification/feeding.hpp"

namespace sluice::tests {

/// The image is refused with this code, in a sentence, and whole and in pieces alike.
inline void check_refused(const image_bytes& image, schemas::error_code code, const inspection_policy& policy = {}) {
  const auto whole = judge(image, policy);
  REQUIRE_FALSE(whole.has_value());
  INFO(whole.error().message);
  CHECK(whole.error().code == code);
  CHECK(whole.error().message.size() > 40);
  CHECK(whole.error().message.back() == '.');
  const auto pieces = judge_in_random_chunks(image, 7, policy);
  REQUIRE_FALSE(pieces.has_value());
  CHECK(pieces.error() == whole.error());
}

/// The image is accepted as `format` with `virtual_size` bytes, and whole and in pieces alike.
inline void check_accepted(const image_bytes& image, std::string_view format, std::uint64_t virtual_size,
                           const inspection_policy& policy = {}) {
  const auto whole = judge(image, policy);
  INFO((whole ? std::string{} : whole.error().message));
  REQUIRE(whole.has_value());
  CHECK(whole->disk_format == format);
  CHECK(whole->virtual_size == virtual_size);
  const auto pieces = judge_in_random_chunks(image, 7, policy);
  REQUIRE(pieces.has_value());
  CHECK(*pieces == *whole);
}

}  // namespace sluice::tests
