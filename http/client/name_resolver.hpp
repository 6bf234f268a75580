// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

namespace sluice::http {

/// Asks the system's resolver without waiting for it longer than a deadline. Asio resolves all names of a process in
/// one thread, so that one name with a dead name server would delay the imports of everybody else; here several threads
/// ask. They are never waited for: a resolver that hangs cannot hold up a stop.
class name_resolver {
 public:
  struct answer {
    boost::system::error_code error;  ///< `timed_out` when the deadline passed
    std::vector<boost::asio::ip::address> addresses;
  };

  /// At most `threads` questions at a time, and `most_waiting` behind them; more are answered `no_buffer_space`.
  explicit name_resolver(std::size_t threads, std::size_t most_waiting = 256);
  ~name_resolver();
  name_resolver(const name_resolver&) = delete;
  name_resolver& operator=(const name_resolver&) = delete;

  /// An address literal is answered at once. Completes on the calling coroutine's executor, which may be destroyed
  /// together with the coroutine while the question is still open.
  [[nodiscard]] boost::asio::awaitable<answer> resolve(std::string host,
                                                       std::chrono::steady_clock::time_point deadline);

 private:
  struct question;
  struct queue;
  std::shared_ptr<queue> queue_;
};

}  // namespace sluice::http
