// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace sluice::actors {

/// Lets coroutines sleep until something on the same serial executor calls `notify`. State changes only on that
/// executor, so "test, then wait" loses no wake-up. May wake for nothing: wait in a loop.
class wake_signal {
 public:
  explicit wake_signal(const boost::asio::any_io_executor& where)
      : timer_{where, boost::asio::steady_timer::time_point::max()} {}

  /// Ends at the next `notify`, or when the coroutine is cancelled.
  [[nodiscard]] boost::asio::awaitable<void> wait() {
    boost::system::error_code woken;
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  }

  void notify() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace sluice::actors
