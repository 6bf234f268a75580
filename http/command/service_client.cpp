// SPDX-License-Identifier: Apache-2.0
#include "http/command/service_client.hpp"

#include <string_view>
#include <utility>

#include <boost/url.hpp>

#include "http/command/service_connection.hpp"

namespace sluice::command {
namespace {

constexpr std::uint64_t largest_refusal = 1 << 20;

}  // namespace

service_client::service_client(std::unique_ptr<service_connection> made) : connection_{std::move(made)} {}
service_client::service_client(service_client&&) noexcept = default;
service_client& service_client::operator=(service_client&&) noexcept = default;
service_client::~service_client() = default;

attempt<service_client> service_client::create(const service_address& address) {
  const auto url = boost::urls::parse_uri(address.url);
  const auto example = std::string{" Give it as http://HOST[:PORT] or https://HOST[:PORT]."};
  if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty())
    return give_up(outcome::usage, "\"" + address.url + "\" is not the URL of a service." + example);
  if (url->has_userinfo() || url->has_query() || url->has_fragment())
    return give_up(outcome::usage, "The URL of the service takes no user, query or fragment." + example);

  auto made = std::make_unique<service_connection>();
  made->secure = url->scheme() == "https";
  made->host = url->host_address();
  made->port = url->has_port() ? std::string{url->port()} : std::string{made->secure ? "443" : "80"};
  made->host_header = std::string{url->encoded_host()} + (url->has_port() ? ":" + made->port : std::string{});
  // Catalogues name the service with and without its version.
  made->prefix = std::string{url->encoded_path()};
  while (!made->prefix.empty() && made->prefix.back() == '/')
    made->prefix.pop_back();
  if (made->prefix.ends_with("/v2"))
    made->prefix.resize(made->prefix.size() - 3);
  made->base = std::string{url->scheme()} + "://" + made->host_header + made->prefix;
  for (const auto& [name, value] : {std::pair{"X-Project-Id", &address.project}, {"X-Auth-Token", &address.token}}) {
    if (value->find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
      return give_up(outcome::usage, std::string{name} + " must be one line.");
    if (!value->empty())
      made->identity.emplace_back(name, *value);
  }
  if (made->secure) {
    boost::system::error_code error;
    made->tls.set_verify_mode(boost::asio::ssl::verify_peer);
    SSL_CTX_set_min_proto_version(made->tls.native_handle(), TLS1_2_VERSION);
    if (address.ca_file.empty())
      made->tls.set_default_verify_paths(error);
    else
      made->tls.load_verify_file(address.ca_file, error);
    if (error)
      return give_up(outcome::usage, "The certificates in " + address.ca_file + " cannot be read: " + error.message() +
                                         ". --ca-file and OS_CACERT take a PEM file.");
  }
  return service_client{std::move(made)};
}

attempt<answer> service_client::request(const std::string& method, const std::string& path, const std::string& body,
                                        const headers& more, std::chrono::seconds patience) {
  auto& link = *connection_;
  for (int round = 0;; ++round) {
    const bool kept = link.connected() && method == "GET";
    if (!kept) {
      link.forget();
      if (const auto connected = link.run(link.connect()); !connected)
        return tl::unexpected{connected.error()};
    }
    auto read = link.run(link.exchange(link.compose(method, path, body, more), patience));
    if (read)
      return read;
    link.forget();
    if (!kept || round > 0 || read.error().status == outcome::interrupted)
      return read;
  }
}

attempt<answer> service_client::begin_download(const std::string& path) {
  auto& link = *connection_;
  link.forget();
  if (const auto connected = link.run(link.connect()); !connected)
    return tl::unexpected{connected.error()};
  const headers anything{{"Accept", "*/*"}};
  auto read = link.run(link.open(link.compose("GET", path, {}, anything)));
  if (!read || read->status == 200)
    return read;
  std::string chunk(64 << 10, '\0');
  for (;;) {
    const auto length = read_download(chunk);
    if (!length)
      return tl::unexpected{length.error()};
    if (*length == 0 || read->body.size() > largest_refusal)
      break;
    read->body.append(chunk, 0, *length);
  }
  link.forget();
  return read;
}

attempt<std::size_t> service_client::read_download(std::span<char> buffer) {
  auto& link = *connection_;
  for (;;) {
    if (!link.connected() || !link.has_more())
      return std::size_t{0};
    auto length = link.run(link.more(buffer));
    if (!length || *length > 0)
      return length;
  }
}

attempt<void> service_client::pause(std::chrono::milliseconds span) {
  return connection_->run(connection_->sleep(span));
}

const std::string& service_client::base() const noexcept {
  return connection_->base;
}

}  // namespace sluice::command
