// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

namespace sluice::http {

/// One TCP connection of ours to a source, plain or under TLS. Guarantee: every wait ends by its deadline, and `abort`
/// ends the one that is under way. After an error nothing but destruction is of use.
///
/// Used from one serial executor (one thread, or a strand). Keep it in a shared_ptr, and hold that across every wait.
class source_connection : public std::enable_shared_from_this<source_connection> {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using error_code = boost::system::error_code;
  struct transfer {
    error_code error;  ///< `timed_out` when the deadline passed, `eof` when the peer closed in good order
    std::size_t bytes = 0;
  };

  explicit source_connection(const boost::asio::any_io_executor& executor);

  /// `receive_buffer` bytes for SO_RCVBUF are set before the handshake of TCP: later they no longer bound its window.
  [[nodiscard]] boost::asio::awaitable<error_code> connect(boost::asio::ip::tcp::endpoint peer, int receive_buffer,
                                                           time_point deadline);
  /// Puts TLS over the connection: the peer must prove to be `host`, a name or an address.
  [[nodiscard]] boost::asio::awaitable<error_code> handshake(boost::asio::ssl::context& context, std::string host,
                                                             time_point deadline);
  /// OpenSSL's verdict on the peer's certificate (X509_V_*), after a handshake.
  [[nodiscard]] long certificate_verdict() const noexcept;

  [[nodiscard]] boost::asio::awaitable<error_code> write(std::string_view bytes, time_point deadline);
  /// Receives straight into `into`.
  [[nodiscard]] boost::asio::awaitable<transfer> read_some(std::span<std::byte> into, time_point deadline);

  void abort() noexcept;

 private:
  using tls_stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

  void expect_by(time_point deadline);
  void watch();
  [[nodiscard]] error_code ended(error_code error) noexcept;

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer watchdog_;
  std::optional<tls_stream> tls_;
  time_point deadline_ = time_point::max();  ///< of the wait under way
  bool watching_ = false;
  bool expired_ = false;
};

}  // namespace sluice::http
