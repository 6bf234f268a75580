// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/client/cloud_line.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"
#include "schemas/keystone_token.hpp"

namespace sluice::http {

/// The service's own token, under which it asks about those of others. Fetched when it is first needed and again before
/// it expires; however many wait for it, one asks. Used on one thread.
class service_account {
 public:
  using result = schemas::result<std::string>;

  service_account(schemas::keystone_configuration keystone, std::shared_ptr<const cloud_line> line);

  /// A token that is valid for a while yet. An old one that still holds is given while a new one cannot be had.
  [[nodiscard]] boost::asio::awaitable<result> token();
  /// Keystone does not know `token` any more: the next to ask gets a new one.
  void discard(const std::string& token);
  /// What the catalog named when the token was fetched.
  [[nodiscard]] const std::vector<schemas::catalog_endpoint>& catalog() const noexcept { return catalog_; }

 private:
  /// One fetch, and those who wait for it.
  struct attempt {
    explicit attempt(const boost::asio::any_io_executor& where) : done{where} {}
    boost::asio::steady_timer done;  ///< cancelled when the outcome is there
    schemas::result<void> outcome;
    bool finished = false;
  };
  using clock = std::chrono::steady_clock;

  [[nodiscard]] boost::asio::awaitable<schemas::result<void>> fetch();
  [[nodiscard]] schemas::result<void> accept(cloud_answer answer);

  const schemas::keystone_configuration keystone_;
  const std::shared_ptr<const cloud_line> line_;
  std::shared_ptr<attempt> under_way_;
  std::string token_;
  clock::time_point renew_at_{};
  clock::time_point valid_until_{};
  std::vector<schemas::catalog_endpoint> catalog_;
};

/// The secret of the service's account, from the configuration or from the file it names: its first line. Refused when
/// the file cannot be read or holds none; the message names the key.
[[nodiscard]] schemas::result<std::string> secret_of(const schemas::keystone_configuration& keystone);

}  // namespace sluice::http
