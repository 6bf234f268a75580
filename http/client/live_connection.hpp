// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "http/client/source_connection.hpp"

namespace sluice::http {

/// The connection that one fetch has at the moment, so that whoever owns the fetch can end it: a coroutine that is
/// making or using a connection cannot be reached otherwise. Guarantee: after `abort` no connection is adopted any
/// more.
class live_connection {
 public:
  /// Takes the place of the one before, which is closed. False when the fetch was aborted.
  [[nodiscard]] bool adopt(std::shared_ptr<source_connection> next) {
    release();
    if (aborted_)
      return false;
    now_ = std::move(next);
    return true;
  }
  /// Closes the connection: the fetch is done with it.
  void release() {
    if (const auto last = std::exchange(now_, nullptr))
      last->abort();
  }
  void abort() {
    aborted_ = true;
    release();
  }
  [[nodiscard]] const std::shared_ptr<source_connection>& now() const noexcept { return now_; }

 private:
  std::shared_ptr<source_connection> now_;
  bool aborted_ = false;
};

}  // namespace sluice::http
