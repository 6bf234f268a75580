// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace sluice::schemas {

/// Members in the order in which they are written: an answer reads from what matters to what does not.
using json_writer = nlohmann::ordered_json;

/// The document as bytes. What is not valid UTF-8 is written as U+FFFD, never as an exception: answers and records hold
/// text of others.
[[nodiscard]] inline std::string written(const json_writer& document) {
  return document.dump(-1, ' ', false, json_writer::error_handler_t::replace);
}

}  // namespace sluice::schemas
