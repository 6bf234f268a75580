// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "schemas/error_code.hpp"

namespace sluice::schemas {

/// Why something was refused or failed, in the words a person reads.
///
/// `code` is stable and machine-readable; `message` says what was expected, what came and what to do,
/// and never holds credentials, store paths or text echoed from a source; `field` names the offending
/// member as a JSON Pointer (RFC 6901), empty when the fault is not in one field.
struct failure {
  error_code code = error_code::internal_error;
  std::string message;
  std::string field;

  failure() = default;
  failure(error_code why, std::string words, std::string pointer = {})
      : code{why}, message{std::move(words)}, field{std::move(pointer)} {}

  friend bool operator==(const failure&, const failure&) = default;
};

/// A value or the failure that prevented it.
template <class Value>
using result = tl::expected<Value, failure>;

using tl::unexpected;

/// `return refuse(error_code::invalid_request, "…", "/location");`
[[nodiscard]] inline tl::unexpected<failure> refuse(error_code code, std::string message, std::string field = {}) {
  return tl::unexpected<failure>{failure{code, std::move(message), std::move(field)}};
}

}  // namespace sluice::schemas
