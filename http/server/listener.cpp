// SPDX-License-Identifier: Apache-2.0
#include "http/server/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

namespace sluice::http {

using boost::asio::ip::tcp;
using schemas::refuse;
using schemas::result;
constexpr auto bad_setting = schemas::error_code::invalid_request;

result<tcp::endpoint> parse_listen_address(std::string_view text) {
  const auto wrong = [&] {
    return refuse(bad_setting, "http.listen: expected ADDRESS:PORT such as 127.0.0.1:9292 or [::1]:9292, found \"" +
                                   std::string{text} + "\".");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return wrong();
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host == "localhost")
    host = "127.0.0.1";
  std::uint16_t port = 0;
  const auto digits = text.substr(colon + 1);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (error || code != std::errc{} || end != digits.data() + digits.size())
    return wrong();
  return tcp::endpoint{address, port};
}

result<acceptor_type> listen_on(const boost::asio::any_io_executor& executor, const tcp::endpoint& address,
                                const std::string& congestion_control) {
  const auto shown = address.address().to_string() + " port " + std::to_string(address.port());
  acceptor_type acceptor{executor};
  boost::system::error_code error;
  acceptor.open(address.protocol(), error);
  if (!error)
    acceptor.set_option(boost::asio::socket_base::reuse_address{true}, error);
  if (!error)
    acceptor.bind(address, error);
  if (error)
    return refuse(bad_setting, "Cannot listen on " + shown + ": " + error.message() +
                                   ". Choose another http.listen, or stop the program that uses it.");
  if (!congestion_control.empty() &&
      ::setsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_CONGESTION, congestion_control.data(),
                   static_cast<socklen_t>(congestion_control.size())) != 0)
    return refuse(bad_setting, "network.congestion_control: this system does not offer \"" + congestion_control +
                                   "\" (" + std::generic_category().message(errno) +
                                   "). See /proc/sys/net/ipv4/tcp_available_congestion_control.");
  acceptor.set_option(tcp::no_delay{true}, error);  // inherited by accepted sockets
  acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error)
    return refuse(bad_setting, "Cannot listen on " + shown + ": " + error.message() + ".");
  return acceptor;
}

result<void> load_certificate(boost::asio::ssl::context& context, const std::string& certificate,
                              const std::string& key) {
  using ssl = boost::asio::ssl::context;
  boost::system::error_code error;
  context.set_options(ssl::default_workarounds | ssl::no_sslv2 | ssl::no_sslv3 | ssl::no_tlsv1 | ssl::no_tlsv1_1,
                      error);
  context.use_certificate_chain_file(certificate, error);
  if (error)
    return refuse(bad_setting, "http.tls_certificate: cannot use " + certificate + ": " + error.message() + ".");
  context.use_private_key_file(key, ssl::pem, error);
  if (error)
    return refuse(bad_setting, "http.tls_key: cannot use " + key + ": " + error.message() + ".");
  return {};
}

}  // namespace sluice::http
