// SPDX-License-Identifier: Apache-2.0
#include "http/server/connection.hpp"

#include <array>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

class plain_connection final : public connection {
 public:
  explicit plain_connection(socket_type socket) : socket_{std::move(socket)} {}

  asio::awaitable<error_code> open() override {
    error_code error;
    socket_.native_non_blocking(true, error);
    co_return error;
  }
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& error) override {
    co_return co_await socket_.async_read_some(into, redirect_error(use_awaitable, error));
  }
  asio::awaitable<error_code> write(std::string_view first, std::string_view second) override {
    error_code error;
    const std::array parts{asio::buffer(first), asio::buffer(second)};
    co_await asio::async_write(socket_, parts, redirect_error(use_awaitable, error));
    co_return error;
  }
  asio::awaitable<void> finish_writing() override {
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    co_return;
  }
  bool plain() const noexcept override { return true; }
  socket_type& socket() noexcept override { return socket_; }

 private:
  socket_type socket_;
};

class tls_connection final : public connection {
 public:
  tls_connection(socket_type socket, asio::ssl::context& context) : stream_{std::move(socket), context} {}

  asio::awaitable<error_code> open() override {
    error_code error;
    co_await stream_.async_handshake(asio::ssl::stream_base::server, redirect_error(use_awaitable, error));
    co_return error;
  }
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& error) override {
    co_return co_await stream_.async_read_some(into, redirect_error(use_awaitable, error));
  }
  asio::awaitable<error_code> write(std::string_view first, std::string_view second) override {
    error_code error;
    const std::array parts{asio::buffer(first), asio::buffer(second)};
    co_await asio::async_write(stream_, parts, redirect_error(use_awaitable, error));
    co_return error;
  }
  asio::awaitable<void> finish_writing() override {
    error_code ignored;
    co_await stream_.async_shutdown(redirect_error(use_awaitable, ignored));
    stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  bool plain() const noexcept override { return false; }
  socket_type& socket() noexcept override { return stream_.next_layer(); }

 private:
  asio::ssl::stream<socket_type> stream_;
};

}  // namespace

void connection::abort() noexcept {
  error_code ignored;
  socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket().cancel(ignored);
}

void connection::cancel() noexcept {
  error_code ignored;
  socket().cancel(ignored);
}

std::unique_ptr<connection> make_plain_connection(connection::socket_type socket) {
  return std::make_unique<plain_connection>(std::move(socket));
}

std::unique_ptr<connection> make_tls_connection(connection::socket_type socket, asio::ssl::context& context) {
  return std::make_unique<tls_connection>(std::move(socket), context);
}

}  // namespace sluice::http
