// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "schemas/json.hpp"
#include "schemas/json_writing.hpp"

namespace sluice::schemas {

std::string versions_json(std::string_view base) {
  // Glance's list with named stores (2.8, 2.10 to 2.13) and without a cache (2.14, 2.16, 2.18).
  constexpr std::array ids{"v2.17", "v2.15", "v2.13", "v2.12", "v2.11", "v2.10", "v2.9", "v2.8",
                           "v2.7",  "v2.6",  "v2.5",  "v2.4",  "v2.3",  "v2.2",  "v2.1", "v2.0"};
  auto versions = json_writer::array();
  for (const auto* const id : ids) {
    const json_writer link{{"rel", "self"}, {"href", std::string{base} + "/v2/"}};
    versions.push_back(
        {{"id", id}, {"status", versions.empty() ? "CURRENT" : "SUPPORTED"}, {"links", json_writer::array({link})}});
  }
  json_writer answer;
  answer["versions"] = std::move(versions);
  return written(answer);
}

}  // namespace sluice::schemas
