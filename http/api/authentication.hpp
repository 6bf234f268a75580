// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "http/server/event_loop.hpp"
#include "http/server/message.hpp"
#include "http/tokens/token_cache.hpp"
#include "http/tokens/token_validator.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

namespace sluice::http {

/// Who asks, in every mode. In mode "keystone" X-Auth-Token alone says it, with X-Service-Token beside it: every header
/// by which a proxy would name somebody is ignored. Each serving loop remembers what its requests learnt, so that a
/// known token is looked up without a wait, a lock or a word to another thread.
class authentication {
 public:
  using outcome = schemas::result<schemas::identity>;

  /// `validator` is needed in mode "keystone" and outlives this object.
  authentication(const schemas::configuration& configuration, token_validator* validator);

  /// Refused when the mode needs a validator and there is none. `loops` of the server that will ask.
  [[nodiscard]] schemas::result<void> prepare(std::size_t loops);

  /// Who asks, when it can be told at once; nothing when Keystone must be asked first.
  [[nodiscard]] std::optional<outcome> at_once(const request& asked, const event_loop& loop);
  /// Who asks, after asking Keystone. The wait is bounded by the validator.
  [[nodiscard]] boost::asio::awaitable<outcome> in_time(const request& asked, event_loop& loop);

  /// WWW-Authenticate of a 401: where tokens are to be had.
  [[nodiscard]] const std::string& challenge() const noexcept { return challenge_; }

 private:
  [[nodiscard]] boost::asio::awaitable<shared_verdict> verdict_on(std::string token, bool expired_too,
                                                                  token_cache& known);

  const schemas::auth_configuration configuration_;
  token_validator* const validator_;
  std::string challenge_;
  std::vector<std::unique_ptr<token_cache>> known_;  ///< one a loop
};

}  // namespace sluice::http
