// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/verification/stream_inspection.hpp"

namespace sluice::tests {

using actors::verification::inspection_policy;
using actors::verification::inspection_verdict;
using actors::verification::stream_inspection;
using image_bytes = std::vector<std::byte>;

/// Judges `image` in chunks of the lengths that `next_length` gives.
template <class NextLength>
schemas::result<inspection_verdict> judge_in_chunks(const inspection_policy& policy, std::span<const std::byte> image,
                                                    NextLength next_length, bool announce = false) {
  stream_inspection inspection{policy};
  if (announce)
    inspection.announce_total(image.size());
  while (!image.empty()) {
    const auto length = std::clamp<std::size_t>(next_length(), 1, image.size());
    const auto fed = inspection.feed(image.first(length));
    if (!fed)
      return schemas::unexpected<schemas::failure>{fed.error()};
    image = image.subspan(length);
  }
  return inspection.finish();
}

inline schemas::result<inspection_verdict> judge(std::span<const std::byte> image,
                                                 const inspection_policy& policy = {}) {
  return judge_in_chunks(policy, image, [&] { return image.size(); });
}

/// Byte by byte where headers and footers are; the middle of a long image in one chunk.
inline schemas::result<inspection_verdict> judge_byte_by_byte(std::span<const std::byte> image,
                                                              const inspection_policy& policy = {}) {
  constexpr std::size_t front = 400 << 10;
  constexpr std::size_t tail = 4 << 10;
  std::size_t fed = 0;
  return judge_in_chunks(policy, image, [&] {
    const auto middle = fed == front && image.size() > front + tail;
    const auto length = middle ? image.size() - front - tail : std::size_t{1};
    fed += length;
    return length;
  });
}

inline schemas::result<inspection_verdict> judge_in_random_chunks(std::span<const std::byte> image,
                                                                  std::mt19937::result_type seed,
                                                                  const inspection_policy& policy = {}) {
  std::mt19937 random{seed};
  return judge_in_chunks(policy, image,
                         [&] { return std::size_t{1} + random() % (std::size_t{1} << (random() % 18)); });
}

inline inspection_policy declared(std::string format) {
  inspection_policy policy;
  policy.declared_format = std::move(format);
  return policy;
}

}  // namespace sluice::tests
