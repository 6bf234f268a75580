// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/targets.hpp"

#include <algorithm>

#include "tests/fuzz/promises.hpp"

namespace sluice::tests::fuzz {

std::span<const target> targets() {
  static const auto all = [] {
    std::vector<target> found;
    for (const auto some : {image_targets(), packaging_targets(), api_targets(), service_targets()})
      found.insert(found.end(), some.begin(), some.end());
    return found;
  }();
  return all;
}

const target* find_target(std::string_view name) {
  const auto all = targets();
  const auto found = std::ranges::find(all, name, &target::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace sluice::tests::fuzz
