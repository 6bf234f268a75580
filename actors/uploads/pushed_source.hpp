// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "actors/ports.hpp"
#include "actors/uploads/pushed_body.hpp"

namespace sluice::actors {

/// A source whose bytes a client pushes. It can be opened once: what has been taken is nowhere any more, so that a
/// second attempt, or one after a restart of the service, fails with `source_truncated`, for good.
class pushed_source final : public byte_source {
 public:
  /// `patience`: how long no byte may come before the source counts as stalled. The receiver watches the client; this
  /// is for the case that the receiver itself falls silent.
  pushed_source(boost::asio::any_io_executor where, std::shared_ptr<pushed_body> body,
                std::chrono::milliseconds patience);
  ~pushed_source() override;
  pushed_source(const pushed_source&) = delete;
  pushed_source& operator=(const pushed_source&) = delete;

  [[nodiscard]] boost::asio::awaitable<source_result<source_offer>> open(std::uint64_t offset,
                                                                         std::string validator) override;
  [[nodiscard]] boost::asio::awaitable<source_result<std::size_t>> read_some(std::span<std::byte> into) override;
  [[nodiscard]] bool repeatable() const noexcept override { return false; }

 private:
  struct signal;
  boost::asio::any_io_executor where_;
  std::shared_ptr<pushed_body> body_;
  std::chrono::milliseconds patience_;
  std::shared_ptr<signal> signal_;
  bool opened_ = false;
};

/// Sources by the kind of their location: pushed ones from the board, all others from `fetched`.
class source_switch final : public byte_source_factory {
 public:
  /// Both outlive the switch.
  source_switch(byte_source_factory& fetched, const upload_board& uploads, std::chrono::milliseconds patience)
      : fetched_{fetched}, uploads_{uploads}, patience_{patience} {}

  [[nodiscard]] std::unique_ptr<byte_source> create(const boost::asio::any_io_executor& where,
                                                    const std::string& location) override;

 private:
  byte_source_factory& fetched_;
  const upload_board& uploads_;
  const std::chrono::milliseconds patience_;
};

}  // namespace sluice::actors
