// SPDX-License-Identifier: Apache-2.0
#include "http/server/event_loop.hpp"

#include <pthread.h>

#include <exception>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/server/session.hpp"

namespace sluice::http {

event_loop::~event_loop() {
  join();
}

void event_loop::start(std::string thread_name) {
  thread_ = std::thread{[this, name = std::move(thread_name)] {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    watch_.start([this] { return !sessions_.empty(); });
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& fault) {  // a bug in one handler must not end the others
        spdlog::error("http: a handler threw on {}: {}", name, fault.what());
      }
    }
  }};
}

void event_loop::join() {
  work_.reset();
  context_.stop();
  if (thread_.joinable())
    thread_.join();
}

void event_loop::add(session& member) {
  sessions_.insert(&member);
}

void event_loop::remove(session& member) {
  sessions_.erase(&member);
}

void event_loop::begin_stop() {
  stopping_ = true;
  watch_.stop();
  for (auto* const member : waiters_)
    member->wake();
  for (auto* const member : sessions_)
    member->begin_stop();
}

void event_loop::abort() {
  for (auto* const member : sessions_)
    member->abort();
}

boost::asio::awaitable<void> waiter::wait_until(clock::time_point when) {
  if (!woken_ && !stopping()) {
    boost::system::error_code ignored;
    timer_.expires_at(when);
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  woken_ = false;
}

void waiter::wake() {
  woken_ = true;
  timer_.cancel();
}

deadline::deadline(event_loop& loop, std::function<void()> on_expiry)
    : state_{std::make_shared<state>(loop, std::move(on_expiry))} {}

deadline::~deadline() {
  state_->on_expiry = nullptr;
  disarm();
  state_->timer.cancel();
}

void deadline::arm(std::chrono::milliseconds after) {
  state_->limit = clock::now() + after;
  state_->expired = false;
  if (state_->limit < state_->pending_until)
    wait(state_);
}

void deadline::wait(const std::shared_ptr<state>& shared) {
  shared->pending_until = shared->limit;
  shared->timer.expires_at(shared->limit);
  shared->timer.async_wait([shared](const boost::system::error_code& cancelled) {
    if (cancelled)
      return;
    shared->pending_until = clock::time_point::max();
    if (shared->limit == clock::time_point::max())
      return;
    if (clock::now() < shared->limit) {
      wait(shared);
      return;
    }
    shared->limit = clock::time_point::max();
    shared->expired = true;
    if (shared->on_expiry)
      shared->on_expiry();
  });
}

}  // namespace sluice::http
