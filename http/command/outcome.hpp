// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace sluice::command {

/// Exit statuses of the command: what happened, so that scripts need not read text.
enum class outcome : int {
  success = 0,
  import_failed = 1,  ///< the import ended as failure, or what was downloaded is not what the record says
  usage = 2,          ///< the command line makes no sense
  refused = 3,        ///< the service said no (4xx)
  unreachable = 4,    ///< nobody answers, or the service is in trouble (5xx)
  interrupted = 130,  ///< Ctrl-C
};

/// Why a step could not be done: a sentence that says what to do, and the exit status it leads to.
struct trouble {
  outcome status = outcome::unreachable;
  std::string message;
  std::string document;  ///< the service's own JSON answer, when there is one

  trouble() = default;
  trouble(outcome why, std::string words, std::string answer = {})
      : status{why}, message{std::move(words)}, document{std::move(answer)} {}
};

template <class Value>
using attempt = tl::expected<Value, trouble>;

[[nodiscard]] inline tl::unexpected<trouble> give_up(outcome why, std::string words, std::string answer = {}) {
  return tl::unexpected<trouble>{trouble{why, std::move(words), std::move(answer)}};
}

}  // namespace sluice::command
