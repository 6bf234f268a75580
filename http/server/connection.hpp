// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

/// One accepted connection, plain or TLS, behind one interface: the session's loop does not know which it serves.
namespace sluice::http {

class connection {
 public:
  using socket_type = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>;

  virtual ~connection() = default;
  /// Makes the connection ready; for TLS the handshake.
  [[nodiscard]] virtual boost::asio::awaitable<boost::system::error_code> open() = 0;
  /// Bytes read, 0 with an error.
  [[nodiscard]] virtual boost::asio::awaitable<std::size_t> read_some(boost::asio::mutable_buffer into,
                                                                      boost::system::error_code& error) = 0;
  /// Writes all of both parts, the second of which may be empty.
  [[nodiscard]] virtual boost::asio::awaitable<boost::system::error_code> write(std::string_view first,
                                                                                std::string_view second) = 0;
  /// The peer reads the end of what was written.
  [[nodiscard]] virtual boost::asio::awaitable<void> finish_writing() = 0;
  /// Bytes may go past this object, straight into `socket()`.
  [[nodiscard]] virtual bool plain() const noexcept = 0;
  [[nodiscard]] virtual socket_type& socket() noexcept = 0;
  /// Ends everything pending; the socket stays open until destruction.
  void abort() noexcept;
  /// Ends pending operations only.
  void cancel() noexcept;
};

[[nodiscard]] std::unique_ptr<connection> make_plain_connection(connection::socket_type socket);
[[nodiscard]] std::unique_ptr<connection> make_tls_connection(connection::socket_type socket,
                                                              boost::asio::ssl::context& context);

}  // namespace sluice::http
