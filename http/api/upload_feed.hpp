// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/api/exchange.hpp"
#include "schemas/image_import.hpp"

namespace sluice::http {

/// Pushes the body of a request into an import and waits for what becomes of it. The import is the caller's to begin,
/// under `import_id`, after this is constructed: from then on a pipeline that asks for the body finds it. When this is
/// gone, nobody pushes any more.
class upload_feed {
 public:
  upload_feed(exchange& at, std::string import_id, std::optional<std::uint64_t> total);
  upload_feed(const upload_feed&) = delete;
  upload_feed& operator=(const upload_feed&) = delete;
  ~upload_feed();

  /// How the import ended, or that it is staged. Nothing when its record vanished, as an import removed by hand does. A
  /// body that gets no slot in time is withdrawn: then `starved` is true.
  [[nodiscard]] boost::asio::awaitable<std::optional<schemas::image_import>> run();
  [[nodiscard]] bool starved() const noexcept { return starved_; }

 private:
  class link;
  boost::asio::awaitable<void> push();
  boost::asio::awaitable<bool> push_some(std::span<std::byte> room);
  boost::asio::awaitable<void> withdraw();
  [[nodiscard]] std::optional<schemas::image_import> record() const;

  exchange& at_;
  const std::string import_id_;
  const std::chrono::milliseconds patience_;  ///< without a byte
  std::shared_ptr<actors::pushed_body> body_;
  waiter waiting_;
  std::shared_ptr<link> link_;
  bool starved_ = false;
};

}  // namespace sluice::http
