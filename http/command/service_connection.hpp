// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "http/command/service_client.hpp"

namespace sluice::command {

/// The one connection of a `service_client`, plain or encrypted, and the loop that drives it on the caller's thread.
/// Nothing runs between two calls of `run`.
class service_connection {
 public:
  using message = boost::beast::http::request<boost::beast::http::string_body>;
  template <class Value>
  using work = boost::asio::awaitable<attempt<Value>>;

  service_connection();

  // Where and who; set once, before the first request.
  boost::asio::ssl::context tls{boost::asio::ssl::context::tls_client};
  std::string base;
  std::string prefix;  ///< path before /v2
  std::string host;    ///< without brackets
  std::string port;
  std::string host_header;
  bool secure = false;
  service_client::headers identity;

  /// Runs `job` to its end on this thread; interrupted when a signal came.
  template <class Value>
  attempt<Value> run(work<Value> job) {
    if (interrupted_)
      return give_up(outcome::interrupted, "Interrupted.");
    std::optional<attempt<Value>> result;
    boost::asio::co_spawn(context_, std::move(job), [&result](std::exception_ptr fault, attempt<Value> value) {
      if (fault)
        result = give_up(outcome::unreachable, "The request could not be made: an internal fault of this program.");
      else
        result = std::move(value);
    });
    context_.restart();
    while (!result)
      context_.run_one();
    if (interrupted_)
      return give_up(outcome::interrupted, "Interrupted.");
    return std::move(*result);
  }

  [[nodiscard]] message compose(const std::string& method, const std::string& path, const std::string& body,
                                const service_client::headers& more) const;

  [[nodiscard]] bool connected() const noexcept { return plain_.has_value() || encrypted_.has_value(); }
  [[nodiscard]] work<void> connect();
  /// Closes without a word: nothing that is sent afterwards could matter.
  void forget();

  /// Sends `request` and reads its whole answer.
  [[nodiscard]] work<answer> exchange(message request, std::chrono::seconds patience);
  /// Sends `request` and reads the head of its answer; `more` reads the body.
  [[nodiscard]] work<answer> open(message request);
  /// Whether `open` was called and its body is not yet at its end.
  [[nodiscard]] bool has_more() const { return download_ && !download_->is_done(); }
  [[nodiscard]] work<std::size_t> more(std::span<char> into);
  [[nodiscard]] work<void> sleep(std::chrono::milliseconds span);

 private:
  using plain_stream = boost::beast::tcp_stream;
  using secure_stream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

  template <class Stream>
  work<answer> exchange_on(Stream& stream, message request, std::chrono::seconds patience);
  template <class Stream>
  work<answer> open_on(Stream& stream, message request);
  template <class Stream>
  work<std::size_t> more_on(Stream& stream, std::span<char> into);
  void hang_up();
  [[nodiscard]] trouble unreachable(const std::string& what) const;
  [[nodiscard]] trouble broken(const boost::system::error_code& error) const;

  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_{context_};
  bool interrupted_ = false;
  std::optional<plain_stream> plain_;
  std::optional<secure_stream> encrypted_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::buffer_body>> download_;
};

}  // namespace sluice::command
