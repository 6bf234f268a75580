// SPDX-License-Identifier: Apache-2.0
#include "http/client/source_connection.hpp"

#include <tuple>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace sluice::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto answered = asio::as_tuple(asio::use_awaitable);

/// What the peer's certificate must name, and the name sent in the clear (SNI, which RFC 6066 forbids for addresses).
bool expect_identity(SSL* session, const std::string& host) {
  boost::system::error_code not_an_address;
  static_cast<void>(asio::ip::make_address(host, not_an_address));
  auto* const rules = SSL_get0_param(session);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (!not_an_address)
    return X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1;
  return X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) == 1 &&
         SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(host.c_str())) == 1;  // OpenSSL copies it
}

}  // namespace

source_connection::source_connection(const asio::any_io_executor& executor) : socket_{executor}, watchdog_{executor} {}

asio::awaitable<source_connection::error_code> source_connection::connect(tcp::endpoint peer, int receive_buffer,
                                                                          time_point deadline) {
  error_code error;
  socket_.open(peer.protocol(), error);
  if (!error)
    socket_.set_option(asio::socket_base::receive_buffer_size{receive_buffer}, error);
  if (error)
    co_return error;
  expect_by(deadline);
  std::tie(error) = co_await socket_.async_connect(peer, answered);
  co_return ended(error);
}

asio::awaitable<source_connection::error_code> source_connection::handshake(asio::ssl::context& context,
                                                                            std::string host, time_point deadline) {
  tls_.emplace(socket_, context);
  if (!expect_identity(tls_->native_handle(), host)) {
    const error_code refused = asio::error::invalid_argument;
    co_return refused;
  }
  expect_by(deadline);
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, answered);
  co_return ended(error);
}

long source_connection::certificate_verdict() const noexcept {
  // native_handle() only reads; Asio does not offer it for a const stream.
  return tls_ ? SSL_get_verify_result(const_cast<tls_stream&>(*tls_).native_handle()) : X509_V_OK;
}

asio::awaitable<source_connection::error_code> source_connection::write(std::string_view bytes, time_point deadline) {
  expect_by(deadline);
  const auto from = asio::buffer(bytes.data(), bytes.size());
  if (tls_) {
    const auto [error, count] = co_await asio::async_write(*tls_, from, answered);
    co_return ended(error);
  }
  const auto [error, count] = co_await asio::async_write(socket_, from, answered);
  co_return ended(error);
}

asio::awaitable<source_connection::transfer> source_connection::read_some(std::span<std::byte> into,
                                                                          time_point deadline) {
  expect_by(deadline);
  const auto to = asio::buffer(into.data(), into.size());
  transfer out;
  if (tls_)
    std::tie(out.error, out.bytes) = co_await tls_->async_read_some(to, answered);
  else
    std::tie(out.error, out.bytes) = co_await socket_.async_read_some(to, answered);
  out.error = ended(out.error);
  co_return out;
}

void source_connection::abort() noexcept {
  watchdog_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

/// The watchdog sleeps until the deadline it was armed for. A later deadline costs nothing but this assignment, only an
/// earlier one wakes it; between waits there is none, however long the owner takes.
void source_connection::expect_by(time_point deadline) {
  deadline_ = deadline;
  if (!watching_ || deadline < watchdog_.expiry())
    watch();
}

void source_connection::watch() {
  watching_ = true;
  watchdog_.expires_at(deadline_);
  watchdog_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self)
      return;
    self->watching_ = false;
    if (self->deadline_ == time_point::max())
      return;
    if (std::chrono::steady_clock::now() < self->deadline_) {
      self->watch();
      return;
    }
    self->expired_ = true;
    error_code ignored;
    self->socket_.close(ignored);
  });
}

source_connection::error_code source_connection::ended(error_code error) noexcept {
  deadline_ = time_point::max();
  if (error && expired_)
    return asio::error::timed_out;
  return error;
}

}  // namespace sluice::http
