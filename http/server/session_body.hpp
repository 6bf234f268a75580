// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/server/body_stream.hpp"
#include "http/server/session.hpp"

namespace sluice::http {

/// A body as it comes over its session's connection. With Content-Length the bytes go from the socket straight to where
/// the handler wants them; chunks pass through the session's buffer, which keeps what belongs to the next request.
class session::incoming_body final : public body_stream {
 public:
  using parser_type = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  /// `parser` has read the head, and nothing behind it.
  incoming_body(session& owner, std::unique_ptr<parser_type> parser, std::optional<std::uint64_t> length,
                bool expects_continue);

  [[nodiscard]] std::optional<std::uint64_t> length() const noexcept override { return length_; }
  [[nodiscard]] boost::asio::awaitable<tl::expected<std::size_t, refusal>> read_some(
      std::span<std::byte> into, std::chrono::milliseconds patience) override;
  void interrupt() override;

  /// Read to its end: the next request can follow on this connection.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

 private:
  using outcome = tl::expected<std::size_t, refusal>;
  boost::asio::awaitable<outcome> read_counted(std::span<std::byte> into);
  boost::asio::awaitable<outcome> read_chunked(std::span<std::byte> into);
  boost::asio::awaitable<outcome> receive(boost::asio::mutable_buffer into);

  session& owner_;
  std::unique_ptr<parser_type> parser_;
  const std::optional<std::uint64_t> length_;
  std::uint64_t left_;  ///< of a counted body
  bool expects_continue_;
  bool complete_ = false;
  std::optional<refusal> broken_;
};

}  // namespace sluice::http
