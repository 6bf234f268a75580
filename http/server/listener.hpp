// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "schemas/failure.hpp"

/// What a server needs of the system before it serves: a listening socket and, with TLS, a context. Each failure says
/// which setting to look at.
namespace sluice::http {

using acceptor_type = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::any_io_executor>;

/// `127.0.0.1:9292`, `[::1]:0`.
[[nodiscard]] schemas::result<boost::asio::ip::tcp::endpoint> parse_listen_address(std::string_view text);

[[nodiscard]] schemas::result<acceptor_type> listen_on(const boost::asio::any_io_executor& executor,
                                                       const boost::asio::ip::tcp::endpoint& address,
                                                       const std::string& congestion_control);

/// TLS 1.2 and later with the given PEM files.
[[nodiscard]] schemas::result<void> load_certificate(boost::asio::ssl::context& context, const std::string& certificate,
                                                     const std::string& key);

}  // namespace sluice::http
