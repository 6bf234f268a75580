// SPDX-License-Identifier: Apache-2.0
#include "http/client/keystone.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "schemas/keystone_token.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::result;

namespace {

/// A question may wait for a place, for the service's own token, and for two answers.
constexpr int most_timeouts = 2;

constexpr std::string_view away = "Keystone, which says who asks, cannot be asked at the moment. Try again soon.";

shared_verdict stopping() {
  return std::make_shared<const token_verdict>(
      schemas::refuse(error_code::service_stopping, "The service is stopping. Try again in a few seconds."),
      token_verdict::clock::time_point{});
}

}  // namespace

result<std::unique_ptr<keystone>> keystone::start(const schemas::keystone_configuration& configuration,
                                                  const keystone_limits& limits) {
  if (const auto secret = secret_of(configuration); !secret)
    return tl::unexpected{secret.error()};
  auto line = cloud_line::to(endpoint_of(configuration));
  if (!line)
    return tl::unexpected{line.error()};
  if (!line->is_private())
    spdlog::warn("keystone is asked in the clear: passwords and tokens can be read on the way url={}",
                 configuration.url);
  auto shared = std::make_shared<const cloud_line>(std::move(*line));
  std::unique_ptr<keystone> out{new keystone{configuration, std::move(shared), limits}};
  asio::co_spawn(out->context_, out->log_in(), asio::detached);
  out->thread_ = std::thread{[self = out.get()] {
    ::pthread_setname_np(::pthread_self(), "keystone");
    for (;;) {
      try {
        self->context_.run();
        return;
      } catch (const std::exception& fault) {  // a bug in one question must not end the others
        spdlog::error("keystone: a handler threw: {}", fault.what());
      }
    }
  }};
  return out;
}

keystone::keystone(const schemas::keystone_configuration& configuration, std::shared_ptr<const cloud_line> line,
                   const keystone_limits& limits)
    : limits_{limits},
      cache_ttl_{configuration.cache_ttl},
      timeout_{configuration.timeout},
      line_{std::move(line)},
      account_{configuration, line_},
      known_{limits.remembered},
      region_{configuration.region} {}

keystone::~keystone() {
  stop();
}

void keystone::stop() {
  {
    const std::lock_guard guard{mutex_};
    if (std::exchange(stopped_, true))
      return;
  }
  asio::post(context_, [this] {
    end_all();
    context_.stop();
  });
  if (thread_.joinable())
    thread_.join();
}

void keystone::validate(const token_key& key, std::string token, continuation then) {
  {
    const std::lock_guard guard{mutex_};
    if (!stopped_) {
      // Whatever is posted before the stop is posted runs before it.
      asio::post(context_, [this, key, token = std::move(token), then = std::move(then)]() mutable {
        accept(key, std::move(token), std::move(then));
      });
      return;
    }
  }
  then(stopping());
}

std::vector<std::string> keystone::object_stores() const {
  std::vector<std::string> urls;
  const std::lock_guard guard{mutex_};
  for (const auto& endpoint : catalog_)
    if (endpoint.type == "object-store" && (region_.empty() || endpoint.region == region_))
      urls.push_back(endpoint.url);
  return urls;
}

std::string keystone::endpoint(std::string_view type, std::string_view region, std::string_view interface) const {
  const std::lock_guard guard{mutex_};
  const auto found = std::ranges::find_if(catalog_, [&](const schemas::catalog_endpoint& each) {
    return each.type == type && each.region == region && each.interface == interface;
  });
  return found == catalog_.end() ? std::string{} : found->url;
}

/// The service's own token brings the catalog with it, each time that it is renewed.
void keystone::remember_catalog() {
  auto fresh = account_.catalog();
  const std::lock_guard guard{mutex_};
  catalog_ = std::move(fresh);
}

void keystone::accept(const token_key& key, std::string token, continuation then) {
  const auto now = clock::now();
  if (auto known = known_.find(key, now))
    return then(std::move(known));
  const auto [asked, is_new] = in_hand_.try_emplace(key);
  asked->second.push_back(std::move(then));
  if (!is_new)
    return;
  if (now < rest_until_ || waiting_.size() >= limits_.waiting)
    return finish(
        key, std::make_shared<const token_verdict>(schemas::refuse(error_code::overloaded, std::string{away}), now));
  waiting_.push_back(std::make_shared<question>(key, std::move(token), now + most_timeouts * timeout_));
  start_waiting();
}

void keystone::start_waiting() {
  while (running_ < limits_.questions && !waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    asio::co_spawn(context_, judge(next), [this, key = next->key](std::exception_ptr fault, shared_verdict verdict) {
      --running_;
      try {
        if (fault)
          std::rethrow_exception(fault);
      } catch (const std::exception& why) {
        verdict = unavailable(why.what());
      }
      if (verdict->until > clock::now())
        known_.keep(key, verdict);
      finish(key, std::move(verdict));
      start_waiting();
    });
  }
}

void keystone::finish(const token_key& key, shared_verdict verdict) {
  auto asked = in_hand_.extract(key);
  if (asked.empty())
    return;
  for (auto& then : asked.mapped())
    then(verdict);
}

void keystone::end_all() {
  const auto verdict = stopping();
  waiting_.clear();
  for (auto& [key, continuations] : std::exchange(in_hand_, {}))
    for (auto& then : continuations)
      then(verdict);
}

/// So that the first user does not wait for it, and that a wrong password is in the log from the start.
asio::awaitable<void> keystone::log_in() {
  const auto own = co_await account_.token();
  if (!own)
    static_cast<void>(unavailable(own.error().message));
  else
    remember_catalog();
}

asio::awaitable<shared_verdict> keystone::judge(std::shared_ptr<question> asked) {
  if (clock::now() >= asked->deadline)
    co_return unavailable("others waited for its answers for too long");
  const auto answer = co_await ask_about(asked);
  if (!answer)
    co_return unavailable(answer.error().message);
  auto verdict = read(*answer, asked->key.expired_too);
  if (!verdict)
    co_return unavailable("it answered " + std::to_string(answer->status) + " when asked about a token");
  if (std::exchange(away_, false))
    spdlog::info("keystone answers again");
  co_return verdict;
}

asio::awaitable<result<cloud_answer>> keystone::ask_about(std::shared_ptr<question> asked) {
  for (bool again = false;; again = true) {
    const auto own = co_await account_.token();
    if (!own)
      co_return tl::unexpected<schemas::failure>(own.error());
    remember_catalog();
    cloud_request request;
    request.method = "GET";
    request.path = asked->key.expired_too ? "/auth/tokens?nocatalog&allow_expired=1" : "/auth/tokens?nocatalog";
    request.fields = "X-Auth-Token: " + *own + "\r\nX-Subject-Token: " + asked->token + "\r\n";
    const auto deadline = std::min(clock::now() + timeout_, asked->deadline);
    auto answer = co_await line_->send(std::move(request), deadline);
    if (!answer || answer->status != 401)
      co_return answer;
    if (again)
      co_return schemas::refuse(error_code::overloaded, "it does not accept this service's own token");
    account_.discard(*own);
  }
}

/// Null when the answer decides nothing.
shared_verdict keystone::read(const cloud_answer& answer, bool expired_too) const {
  if (answer.status == 404 || answer.status == 400)
    return refused(error_code::unauthorized, "The token is not valid.");
  if (answer.status != 200)
    return nullptr;
  auto token = schemas::parse_keystone_token(answer.body);
  if (!token)
    return nullptr;
  const auto life = token->expires_at - std::chrono::system_clock::now();
  if (life <= life.zero() && !expired_too)
    return refused(error_code::unauthorized, "The token has expired.");
  if (token->who.project_id.empty())
    return refused(error_code::forbidden,
                   "The token is not for a project. Ask Keystone for one that is, and use that one.");
  auto believed = std::chrono::duration_cast<clock::duration>(cache_ttl_);
  if (life > life.zero())
    believed = std::min(believed, std::chrono::duration_cast<clock::duration>(life));
  return std::make_shared<const token_verdict>(std::move(token->who), clock::now() + believed);
}

shared_verdict keystone::refused(error_code code, std::string words) const {
  return std::make_shared<const token_verdict>(schemas::refuse(code, std::move(words)),
                                               clock::now() + std::min<clock::duration>(limits_.refused, cache_ttl_));
}

shared_verdict keystone::unavailable(const std::string& reason) {
  if (!std::exchange(away_, true))
    spdlog::warn("keystone cannot be asked; tokens that are known go on reason=\"{}\"", reason);
  const auto now = clock::now();
  rest_until_ = now + limits_.rest;
  return std::make_shared<const token_verdict>(schemas::refuse(error_code::overloaded, std::string{away}), now);
}

}  // namespace sluice::http
