// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "http/client/cloud_line.hpp"
#include "http/client/service_account.hpp"
#include "http/tokens/token_cache.hpp"
#include "http/tokens/token_validator.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"

namespace sluice::http {

struct keystone_limits {
  std::size_t questions = 16;            ///< to Keystone at once
  std::size_t waiting = 1024;            ///< tokens behind them; more are answered `overloaded`
  std::size_t remembered = 20'000;       ///< verdicts
  std::chrono::seconds refused{10};      ///< how long a refusal is remembered
  std::chrono::milliseconds rest{1000};  ///< after Keystone failed: nobody asks it meanwhile
};

/// Keystone, asked what tokens are worth (GET /v3/auth/tokens with the service's own token).
///
/// It has a thread of its own, so that a TLS handshake or a long answer of Keystone's delays no image that is being
/// served; everything below runs on that thread alone and needs no lock. A token that several ask about at once is
/// asked about once. While Keystone is away, what it said before holds for as long as it would have held anyway, and
/// every other token is `overloaded`.
class keystone final : public token_validator {
 public:
  /// Refused when the configuration cannot be used; the message names the key. Keystone itself need not be there yet.
  [[nodiscard]] static schemas::result<std::unique_ptr<keystone>> start(
      const schemas::keystone_configuration& configuration, const keystone_limits& limits = {});
  ~keystone() override;
  keystone(const keystone&) = delete;
  keystone& operator=(const keystone&) = delete;

  void validate(const token_key& key, std::string token, continuation then) override;
  [[nodiscard]] std::vector<std::string> object_stores() const override;
  [[nodiscard]] std::string endpoint(std::string_view type, std::string_view region,
                                     std::string_view interface) const override;
  void stop() override;

 private:
  using clock = std::chrono::steady_clock;
  /// A token that somebody asks about.
  struct question {
    question(const token_key& k, std::string t, clock::time_point d) : key{k}, token{std::move(t)}, deadline{d} {}
    token_key key;
    std::string token;
    clock::time_point deadline;
  };
  using verdict_result = schemas::result<schemas::identity>;

  keystone(const schemas::keystone_configuration& configuration, std::shared_ptr<const cloud_line> line,
           const keystone_limits& limits);

  void accept(const token_key& key, std::string token, continuation then);
  void start_waiting();
  void finish(const token_key& key, shared_verdict verdict);
  void end_all();
  [[nodiscard]] boost::asio::awaitable<void> log_in();
  void remember_catalog();
  [[nodiscard]] boost::asio::awaitable<shared_verdict> judge(std::shared_ptr<question> asked);
  [[nodiscard]] boost::asio::awaitable<schemas::result<cloud_answer>> ask_about(std::shared_ptr<question> asked);
  [[nodiscard]] shared_verdict read(const cloud_answer& answer, bool expired_too) const;
  [[nodiscard]] shared_verdict unavailable(const std::string& reason);
  [[nodiscard]] shared_verdict refused(schemas::error_code code, std::string words) const;

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  const keystone_limits limits_;
  const std::chrono::milliseconds cache_ttl_;
  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<const cloud_line> line_;
  service_account account_;
  token_cache known_;
  std::unordered_map<token_key, std::vector<continuation>, token_key_hash> in_hand_;
  std::deque<std::shared_ptr<question>> waiting_;
  std::size_t running_ = 0;
  clock::time_point rest_until_{};
  bool away_ = false;         ///< Keystone did not answer when it was last asked
  const std::string region_;  ///< whose endpoints count; empty = any
  mutable std::mutex mutex_;
  bool stopped_ = false;                            ///< under the mutex
  std::vector<schemas::catalog_endpoint> catalog_;  ///< under the mutex
  std::thread thread_;
};

}  // namespace sluice::http
