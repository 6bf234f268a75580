// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/tokens/token_digest.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

namespace sluice::http {

/// What is known of a token: whom it stands for, or why it is not accepted. Immutable, and shared between threads.
struct token_verdict {
  using clock = std::chrono::steady_clock;

  token_verdict(schemas::result<schemas::identity> outcome, clock::time_point limit)
      : who{std::move(outcome)}, until{limit} {}

  schemas::result<schemas::identity> who;
  clock::time_point until;  ///< believed until then, and not a moment longer
};
using shared_verdict = std::shared_ptr<const token_verdict>;

/// Who can say what a token is worth. Failures: `unauthorized` (no valid token), `forbidden` (valid, but for no
/// project), `overloaded` (it could not be found out).
class token_validator {
 public:
  using continuation = std::function<void(shared_verdict)>;

  virtual ~token_validator() = default;
  /// May be called on any thread. `then` is called exactly once, on a thread of the validator's or on the caller's, and
  /// must only pass the verdict on. `key` is that of `token`; with `expired_too` in it an expired token is accepted,
  /// because a service asks on behalf of somebody whose token was valid when the work began.
  virtual void validate(const token_key& key, std::string token, continuation then) = 0;
  /// URLs under which the cloud's catalog names its object store; empty while it is not known. From any thread.
  [[nodiscard]] virtual std::vector<std::string> object_stores() const { return {}; }
  /// The URL under which the catalog names the service of that type; empty when it does not. From any thread.
  [[nodiscard]] virtual std::string endpoint(std::string_view /*type*/, std::string_view /*region*/,
                                             std::string_view /*interface*/) const {
    return {};
  }
  /// Everything that is asked or will be asked is answered at once.
  virtual void stop() = 0;
};

}  // namespace sluice::http
