// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/isolation.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <spdlog/spdlog.h>

namespace sluice::actors {

isolation isolation_without(std::string_view names) {
  isolation left;
  while (!names.empty()) {
    const auto end = std::min(names.find(','), names.size());
    const auto name = names.substr(0, end);
    names.remove_prefix(std::min(names.size(), end + 1));
    if (name == "idle_class")
      left.idle_class = false;
    else if (name == "low_threads")
      left.low_threads = false;
    else if (name == "gate")
      left.gate = false;
    else if (name == "controller")
      left.controller = false;
    else if (name == "small_writes")
      left.small_writes = false;
    else
      throw std::invalid_argument{
          "SLUICE_WITHOUT: expected idle_class, low_threads, gate, controller or small_writes, "
          "got \"" +
          std::string{name} + "\""};
  }
  return left;
}

isolation chosen_isolation() {
  const auto* const named = std::getenv("SLUICE_WITHOUT");
  if (named == nullptr)
    return {};
  spdlog::warn("protections of serving are off names=\"{}\" because SLUICE_WITHOUT says so", named);
  return isolation_without(named);
}

}  // namespace sluice::actors
