// SPDX-License-Identifier: Apache-2.0
#include "http/command/service_client.hpp"

#include <csignal>
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/url.hpp>

namespace sluice::command {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using error_code = boost::system::error_code;
using plain_stream = beast::tcp_stream;
using secure_stream = beast::ssl_stream<beast::tcp_stream>;

constexpr auto connect_time = std::chrono::seconds{15};
constexpr auto idle_time = std::chrono::seconds{60};
constexpr std::uint64_t largest_answer = 64 << 20;
constexpr std::uint32_t largest_head = 64 << 10;

auto with_error(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

trouble interrupted() {
  return {outcome::interrupted, "Interrupted."};
}

}  // namespace

struct service_client::connection {
  asio::io_context context{1};
  asio::ssl::context tls{asio::ssl::context::tls_client};
  asio::signal_set signals{context, SIGINT, SIGTERM, SIGHUP};
  bool stop = false;

  std::string base;
  std::string prefix;  ///< path before /v2
  std::string host;    ///< without brackets
  std::string port;
  std::string host_header;
  bool secure = false;
  headers identity;

  std::optional<plain_stream> plain;
  std::optional<secure_stream> encrypted;
  beast::flat_buffer buffer;
  std::optional<http::response_parser<http::buffer_body>> download;
  std::optional<asio::steady_timer> timer;

  connection() {
    signals.async_wait([this](error_code error, int) {
      if (error)
        return;
      stop = true;
      signals.clear();  // a second Ctrl-C ends the program as usual
      hang_up();
      if (timer)
        timer->cancel();
    });
  }

  /// Runs `work` to its end on this thread.
  template <class Value>
  attempt<Value> run(asio::awaitable<attempt<Value>> work) {
    if (stop)
      return tl::unexpected{interrupted()};
    std::optional<attempt<Value>> result;
    asio::co_spawn(context, std::move(work), [&result](std::exception_ptr fault, attempt<Value> value) {
      if (fault)
        result = give_up(outcome::unreachable, "The request could not be made: an internal fault of this program.");
      else
        result = std::move(value);
    });
    context.restart();
    while (!result)
      context.run_one();
    if (stop)
      return tl::unexpected{interrupted()};
    return std::move(*result);
  }

  [[nodiscard]] bool connected() const { return plain.has_value() || encrypted.has_value(); }

  /// Closes without a word: nothing that is sent afterwards could matter.
  void hang_up() {
    error_code ignored;
    if (plain)
      plain->socket().close(ignored);
    if (encrypted)
      beast::get_lowest_layer(*encrypted).socket().close(ignored);
  }

  void forget() {
    hang_up();
    plain.reset();
    encrypted.reset();
    buffer.clear();
    download.reset();
  }

  [[nodiscard]] trouble unreachable(const std::string& what) const {
    return {outcome::unreachable, "The service at " + base + " cannot be reached: " + what +
                                      ". Start it (./start), or say where it is with --url or OS_IMAGE_ENDPOINT."};
  }
  [[nodiscard]] trouble broken(const error_code& error) const {
    const auto what = error == beast::error::timeout ? std::string{"it did not answer in time"}
                      : error == http::error::end_of_stream || error == http::error::partial_message
                          ? std::string{"it closed the connection before its answer was complete"}
                          : error.message();
    return {outcome::unreachable, "The service at " + base + " broke off: " + what + ". Try again."};
  }

  asio::awaitable<attempt<void>> connect();
  template <class Stream>
  asio::awaitable<attempt<answer>> exchange(Stream& stream, http::request<http::string_body> message,
                                            std::chrono::seconds patience);
  template <class Stream>
  asio::awaitable<attempt<answer>> open(Stream& stream, http::request<http::string_body> message);
  template <class Stream>
  asio::awaitable<attempt<std::size_t>> more(Stream& stream, std::span<char> into);

  [[nodiscard]] http::request<http::string_body> compose(const std::string& method, const std::string& path,
                                                         const std::string& body, const headers& extra) const {
    http::request<http::string_body> message{http::string_to_verb(method), prefix + path, 11};
    message.set(http::field::host, host_header);
    message.set(http::field::user_agent, "sluice/" SLUICE_VERSION);
    message.set(http::field::accept, "application/json, application/problem+json");
    for (const auto& [name, value] : identity)
      message.set(name, value);
    for (const auto& [name, value] : extra)
      message.set(name, value);
    if (!body.empty()) {
      message.set(http::field::content_type, "application/json");
      message.body() = body;
    }
    message.prepare_payload();
    return message;
  }
};

asio::awaitable<attempt<void>> service_client::connection::connect() {
  error_code error;
  tcp::resolver resolver{context};
  const auto found = co_await resolver.async_resolve(host, port, with_error(error));
  if (error)
    co_return tl::unexpected{unreachable("the name " + host + " is not known (" + error.message() + ")")};
  plain.emplace(context);
  plain->expires_after(connect_time);
  co_await plain->async_connect(found, with_error(error));
  if (error) {
    plain.reset();
    co_return tl::unexpected{
        unreachable(error == beast::error::timeout ? std::string{"no answer to the connection"} : error.message())};
  }
  error_code ignored;
  plain->socket().set_option(tcp::no_delay{true}, ignored);
  if (!secure)
    co_return attempt<void>{};

  encrypted.emplace(std::move(*plain), tls);
  plain.reset();
  // An address in the URL has no name to send; host_name_verification checks it against the certificate all the same.
  asio::ip::make_address(host, ignored);
  if (ignored)
    SSL_set_tlsext_host_name(encrypted->native_handle(), host.c_str());
  encrypted->set_verify_callback(asio::ssl::host_name_verification{host}, ignored);
  beast::get_lowest_layer(*encrypted).expires_after(connect_time);
  co_await encrypted->async_handshake(asio::ssl::stream_base::client, with_error(error));
  if (error) {
    encrypted.reset();
    co_return tl::unexpected{
        trouble{outcome::unreachable,
                "No secure connection to " + base + ": " + error.message() +
                    ". If its certificate is signed by an authority of your own, name that with OS_CACERT "
                    "or --ca-file."}};
  }
  co_return attempt<void>{};
}

template <class Stream>
asio::awaitable<attempt<answer>> service_client::connection::exchange(Stream& stream,
                                                                      http::request<http::string_body> message,
                                                                      std::chrono::seconds patience) {
  error_code error;
  auto& socket = beast::get_lowest_layer(stream);
  socket.expires_after(patience);
  co_await http::async_write(stream, message, with_error(error));
  if (error)
    co_return tl::unexpected{broken(error)};
  http::response_parser<http::string_body> parser;
  parser.body_limit(largest_answer);
  parser.header_limit(largest_head);
  socket.expires_after(patience);
  co_await http::async_read(stream, buffer, parser, with_error(error));
  if (error)
    co_return tl::unexpected{broken(error)};
  answer read;
  auto response = parser.release();
  read.status = response.result_int();
  read.body = std::move(response.body());
  if (!response.keep_alive())
    forget();
  co_return read;
}

template <class Stream>
asio::awaitable<attempt<answer>> service_client::connection::open(Stream& stream,
                                                                  http::request<http::string_body> message) {
  error_code error;
  auto& socket = beast::get_lowest_layer(stream);
  socket.expires_after(idle_time);
  co_await http::async_write(stream, message, with_error(error));
  if (!error) {
    download.emplace();
    download->body_limit(boost::none);
    download->header_limit(largest_head);
    co_await http::async_read_header(stream, buffer, *download, with_error(error));
  }
  if (error)
    co_return tl::unexpected{broken(error)};
  answer read;
  const auto& head = download->get();
  read.status = head.result_int();
  read.content_md5 = std::string{head[http::field::content_md5]};
  if (const auto length = download->content_length())
    read.length = *length;
  co_return read;
}

template <class Stream>
asio::awaitable<attempt<std::size_t>> service_client::connection::more(Stream& stream, std::span<char> into) {
  if (!download || download->is_done())
    co_return std::size_t{0};
  auto& body = download->get().body();
  body.data = into.data();
  body.size = into.size();
  body.more = true;
  error_code error;
  beast::get_lowest_layer(stream).expires_after(idle_time);
  co_await http::async_read(stream, buffer, *download, with_error(error));
  if (error && error != http::error::need_buffer)
    co_return tl::unexpected{broken(error)};
  co_return into.size() - body.size;
}

service_client::service_client(std::unique_ptr<connection> made) : connection_{std::move(made)} {}
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

  auto made = std::make_unique<connection>();
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
    error_code error;
    made->tls.set_verify_mode(asio::ssl::verify_peer);
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
    auto message = link.compose(method, path, body, more);
    auto read = link.secure ? link.run(link.exchange(*link.encrypted, std::move(message), patience))
                            : link.run(link.exchange(*link.plain, std::move(message), patience));
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
  auto message = link.compose("GET", path, {}, anything);
  auto read = link.secure ? link.run(link.open(*link.encrypted, std::move(message)))
                          : link.run(link.open(*link.plain, std::move(message)));
  if (!read || read->status == 200)
    return read;
  std::string chunk(64 << 10, '\0');
  for (;;) {
    const auto length = read_download(chunk);
    if (!length)
      return tl::unexpected{length.error()};
    if (*length == 0 || read->body.size() > largest_answer)
      break;
    read->body.append(chunk, 0, *length);
  }
  link.forget();
  return read;
}

attempt<std::size_t> service_client::read_download(std::span<char> buffer) {
  auto& link = *connection_;
  for (;;) {
    if (!link.connected() || !link.download || link.download->is_done())
      return std::size_t{0};
    auto length = link.secure ? link.run(link.more(*link.encrypted, buffer)) : link.run(link.more(*link.plain, buffer));
    if (!length || *length > 0)
      return length;
  }
}

attempt<void> service_client::pause(std::chrono::milliseconds span) {
  auto& link = *connection_;
  link.timer.emplace(link.context, span);
  auto sleep = [](asio::steady_timer& timer) -> asio::awaitable<attempt<void>> {
    error_code ignored;
    co_await timer.async_wait(with_error(ignored));
    co_return attempt<void>{};
  };
  auto slept = link.run(sleep(*link.timer));
  link.timer.reset();
  return slept;
}

const std::string& service_client::base() const noexcept {
  return connection_->base;
}

}  // namespace sluice::command
