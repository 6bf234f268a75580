// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/structure/walk.hpp"

namespace sluice::tests {

using actors::verification::structure::memory_bytes;
using actors::verification::structure::walk_budget;
using actors::verification::structure::walk_findings;
using actors::verification::structure::walk_of;
using actors::verification::structure::walk_policy;

/// Walks an image in memory as `disk_format`.
inline schemas::result<walk_findings> walk(std::span<const std::byte> image, std::string_view disk_format,
                                           const walk_policy& policy = {}) {
  const auto walk_format = walk_of(disk_format);
  REQUIRE(walk_format != nullptr);
  memory_bytes bytes{image};
  walk_budget budget{policy};
  return walk_format(bytes, policy, budget);
}

/// The walk finds nothing wrong. Returns what it found.
inline walk_findings check_sound(std::span<const std::byte> image, std::string_view disk_format,
                                 std::uint64_t virtual_size, const walk_policy& policy = {}) {
  const auto found = walk(image, disk_format, policy);
  INFO((found ? std::string{} : found.error().message));
  REQUIRE(found.has_value());
  CHECK(found->disk_format == disk_format);
  CHECK(found->virtual_size == virtual_size);
  CHECK(found->allocated <= virtual_size);
  return *found;
}

/// The walk refuses the image with this code, in a sentence that has `words` in it.
inline void check_unsound(std::span<const std::byte> image, std::string_view disk_format, schemas::error_code code,
                          std::string_view words = "", const walk_policy& policy = {}) {
  const auto found = walk(image, disk_format, policy);
  REQUIRE_FALSE(found.has_value());
  INFO(found.error().message);
  CHECK(found.error().code == code);
  CHECK(found.error().message.size() > 40);
  CHECK(found.error().message.back() == '.');
  CHECK(found.error().message.find(words) != std::string::npos);
}

}  // namespace sluice::tests
