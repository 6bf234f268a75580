// SPDX-License-Identifier: Apache-2.0
#include "http/command/service_connection.hpp"

#include <csignal>
#include <cstdint>

namespace sluice::command {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using error_code = boost::system::error_code;

constexpr auto connect_time = std::chrono::seconds{15};
constexpr auto idle_time = std::chrono::seconds{60};
constexpr std::uint64_t largest_answer = 64 << 20;
constexpr std::uint32_t largest_head = 64 << 10;

auto with_error(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

}  // namespace

service_connection::service_connection() : signals_{context_, SIGINT, SIGTERM, SIGHUP} {
  signals_.async_wait([this](error_code error, int) {
    if (error)
      return;
    interrupted_ = true;
    signals_.clear();  // a second Ctrl-C ends the program as usual
    hang_up();
    timer_.cancel();
  });
}

void service_connection::hang_up() {
  error_code ignored;
  if (plain_)
    plain_->socket().close(ignored);
  if (encrypted_)
    beast::get_lowest_layer(*encrypted_).socket().close(ignored);
}

void service_connection::forget() {
  hang_up();
  plain_.reset();
  encrypted_.reset();
  buffer_.clear();
  download_.reset();
}

trouble service_connection::unreachable(const std::string& what) const {
  return {outcome::unreachable, "The service at " + base + " cannot be reached: " + what +
                                    ". Start it (./start), or say where it is with --url or OS_IMAGE_ENDPOINT."};
}

trouble service_connection::broken(const error_code& error) const {
  const auto what = error == beast::error::timeout ? std::string{"it did not answer in time"}
                    : error == http::error::end_of_stream || error == http::error::partial_message
                        ? std::string{"it closed the connection before its answer was complete"}
                        : error.message();
  return {outcome::unreachable, "The service at " + base + " broke off: " + what + ". Try again."};
}

service_connection::message service_connection::compose(const std::string& method, const std::string& path,
                                                        const std::string& body,
                                                        const service_client::headers& more) const {
  message request{http::string_to_verb(method), prefix + path, 11};
  request.set(http::field::host, host_header);
  request.set(http::field::user_agent, "sluice/" SLUICE_VERSION);
  request.set(http::field::accept, "application/json, application/problem+json");
  for (const auto& [name, value] : identity)
    request.set(name, value);
  for (const auto& [name, value] : more)
    request.set(name, value);
  if (!body.empty()) {
    request.set(http::field::content_type, "application/json");
    request.body() = body;
  }
  request.prepare_payload();
  return request;
}

service_connection::work<void> service_connection::connect() {
  error_code error;
  tcp::resolver resolver{context_};
  const auto found = co_await resolver.async_resolve(host, port, with_error(error));
  if (error)
    co_return tl::unexpected{unreachable("the name " + host + " is not known (" + error.message() + ")")};
  plain_.emplace(context_);
  plain_->expires_after(connect_time);
  co_await plain_->async_connect(found, with_error(error));
  if (error) {
    plain_.reset();
    co_return tl::unexpected{
        unreachable(error == beast::error::timeout ? std::string{"no answer to the connection"} : error.message())};
  }
  error_code ignored;
  plain_->socket().set_option(tcp::no_delay{true}, ignored);
  if (!secure)
    co_return attempt<void>{};

  encrypted_.emplace(std::move(*plain_), tls);
  plain_.reset();
  // An address in the URL has no name to send; host_name_verification checks it against the certificate all the same.
  asio::ip::make_address(host, ignored);
  if (ignored)
    SSL_set_tlsext_host_name(encrypted_->native_handle(), host.c_str());
  encrypted_->set_verify_callback(asio::ssl::host_name_verification{host}, ignored);
  beast::get_lowest_layer(*encrypted_).expires_after(connect_time);
  co_await encrypted_->async_handshake(asio::ssl::stream_base::client, with_error(error));
  if (error) {
    encrypted_.reset();
    co_return tl::unexpected{
        trouble{outcome::unreachable,
                "No secure connection to " + base + ": " + error.message() +
                    ". If its certificate is signed by an authority of your own, name that with OS_CACERT "
                    "or --ca-file."}};
  }
  co_return attempt<void>{};
}

template <class Stream>
service_connection::work<answer> service_connection::exchange_on(Stream& stream, message request,
                                                                 std::chrono::seconds patience) {
  error_code error;
  auto& socket = beast::get_lowest_layer(stream);
  socket.expires_after(patience);
  co_await http::async_write(stream, request, with_error(error));
  if (error)
    co_return tl::unexpected{broken(error)};
  http::response_parser<http::string_body> parser;
  parser.body_limit(largest_answer);
  parser.header_limit(largest_head);
  socket.expires_after(patience);
  co_await http::async_read(stream, buffer_, parser, with_error(error));
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
service_connection::work<answer> service_connection::open_on(Stream& stream, message request) {
  error_code error;
  auto& socket = beast::get_lowest_layer(stream);
  socket.expires_after(idle_time);
  co_await http::async_write(stream, request, with_error(error));
  if (!error) {
    download_.emplace();
    download_->body_limit(boost::none);
    download_->header_limit(largest_head);
    co_await http::async_read_header(stream, buffer_, *download_, with_error(error));
  }
  if (error)
    co_return tl::unexpected{broken(error)};
  answer read;
  const auto& head = download_->get();
  read.status = head.result_int();
  read.content_md5 = std::string{head[http::field::content_md5]};
  if (const auto length = download_->content_length())
    read.length = *length;
  co_return read;
}

template <class Stream>
service_connection::work<std::size_t> service_connection::more_on(Stream& stream, std::span<char> into) {
  if (!download_ || download_->is_done())
    co_return std::size_t{0};
  auto& body = download_->get().body();
  body.data = into.data();
  body.size = into.size();
  body.more = true;
  error_code error;
  beast::get_lowest_layer(stream).expires_after(idle_time);
  co_await http::async_read(stream, buffer_, *download_, with_error(error));
  if (error && error != http::error::need_buffer)
    co_return tl::unexpected{broken(error)};
  co_return into.size() - body.size;
}

service_connection::work<answer> service_connection::exchange(message request, std::chrono::seconds patience) {
  return secure ? exchange_on(*encrypted_, std::move(request), patience)
                : exchange_on(*plain_, std::move(request), patience);
}

service_connection::work<answer> service_connection::open(message request) {
  return secure ? open_on(*encrypted_, std::move(request)) : open_on(*plain_, std::move(request));
}

service_connection::work<std::size_t> service_connection::more(std::span<char> into) {
  return secure ? more_on(*encrypted_, into) : more_on(*plain_, into);
}

service_connection::work<void> service_connection::sleep(std::chrono::milliseconds span) {
  error_code ignored;
  timer_.expires_after(span);
  co_await timer_.async_wait(with_error(ignored));
  co_return attempt<void>{};
}

}  // namespace sluice::command
