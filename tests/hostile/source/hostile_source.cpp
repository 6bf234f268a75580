// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/source/hostile_source.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <openssl/ssl.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace sluice::hostile {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto answered = asio::as_tuple(asio::use_awaitable);

}  // namespace

script answer_with(std::string bytes) {
  return {await_request{}, say{std::move(bytes)}};
}

struct hostile_source::state {
  explicit state(hostile_options chosen)
      : options{std::move(chosen)}, listener{context, tcp::endpoint{asio::ip::make_address(options.address), 0}} {
    if (!options.tls)
      return;
    auto& tls = secure.emplace(asio::ssl::context::tls_server);
    tls.use_certificate_chain(asio::buffer(options.tls->chain));
    tls.use_private_key(asio::buffer(options.tls->key), asio::ssl::context::pem);
    if (options.newest_tls != 0) {
      SSL_CTX_set_security_level(tls.native_handle(), 0);  // versions before 1.2 need it
      SSL_CTX_set_max_proto_version(tls.native_handle(), options.newest_tls);
    }
  }

  asio::awaitable<void> accept() {
    for (;;) {
      auto [error, socket] = co_await listener.async_accept(answered);
      if (error)
        co_return;
      asio::co_spawn(context, converse(std::move(socket)), asio::detached);
    }
  }

  script next_script() {
    const std::lock_guard lock{mutex};
    ++accepted;
    if (scripts.empty())
      return {};
    auto chosen = scripts.front();
    if (scripts.size() > 1)
      scripts.erase(scripts.begin());
    return chosen;
  }

  asio::awaitable<void> converse(tcp::socket socket) {
    const auto acts = next_script();
    if (secure) {
      asio::ssl::stream<tcp::socket&> stream{socket, *secure};
      const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, answered);
      if (!error)
        co_await play_all(stream, socket, acts);
    } else {
      co_await play_all(socket, socket, acts);
    }
    boost::system::error_code ignored;
    socket.close(ignored);
    const std::lock_guard lock{mutex};
    ++closed;
    changed.notify_all();
  }

  /// Plays the script; then closes our half and waits for the peer's, so that no RST overtakes what was sent.
  template <class Stream>
  asio::awaitable<void> play_all(Stream& stream, tcp::socket& socket, script acts) {
    for (const auto& each : acts)
      if (!co_await play_one(stream, socket, each))
        co_return;
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    co_await drain(socket);
  }

  template <class Stream>
  asio::awaitable<bool> play_one(Stream& stream, tcp::socket& socket, const act& what) {
    if (std::holds_alternative<await_request>(what)) {
      co_return co_await receive_request(stream);
    } else if (const auto* plain = std::get_if<say>(&what)) {
      const auto bytes = asio::buffer(plain->bytes);
      const auto [error, count] = co_await asio::async_write(stream, bytes, answered);
      co_return !error;
    } else if (const auto* slow = std::get_if<dribble>(&what)) {
      asio::steady_timer timer{context};
      for (const char& byte : slow->bytes) {
        timer.expires_after(slow->pause);
        co_await timer.async_wait(answered);
        const auto one = asio::buffer(&byte, 1);
        const auto [error, count] = co_await asio::async_write(stream, one, answered);
        if (error)
          co_return false;
      }
      co_return true;
    } else if (const auto* endless = std::get_if<flood>(&what)) {
      for (;;) {
        const auto bytes = asio::buffer(endless->bytes);
        const auto [error, count] = co_await asio::async_write(stream, bytes, answered);
        if (error)
          co_return false;
      }
    } else if (std::holds_alternative<reset>(what)) {
      socket.set_option(tcp::socket::linger{true, 0});
      co_return false;
    }
    co_await drain(socket);  // hang
    co_return false;
  }

  template <class Stream>
  asio::awaitable<bool> receive_request(Stream& stream) {
    std::string head;
    std::array<char, 4096> block{};
    while (head.find("\r\n\r\n") == std::string::npos) {
      const auto into = asio::buffer(block);
      const auto [error, count] = co_await stream.async_read_some(into, answered);
      if (error)
        co_return false;
      head.append(block.data(), count);
    }
    const std::lock_guard lock{mutex};
    requests.push_back(std::move(head));
    co_return true;
  }

  asio::awaitable<void> drain(tcp::socket& socket) {
    std::array<char, 4096> block{};
    for (;;) {
      const auto into = asio::buffer(block);
      const auto [error, count] = co_await socket.async_read_some(into, answered);
      if (error)
        co_return;
    }
  }

  hostile_options options;
  asio::io_context context{1};
  tcp::acceptor listener;
  std::optional<asio::ssl::context> secure;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<script> scripts;
  std::vector<std::string> requests;
  std::size_t accepted = 0;
  std::size_t closed = 0;
  std::thread thread;
};

hostile_source::hostile_source(hostile_options options) : state_{std::make_unique<state>(std::move(options))} {
  asio::co_spawn(state_->context, state_->accept(), asio::detached);
  state_->thread = std::thread{[context = &state_->context] { context->run(); }};
}

hostile_source::~hostile_source() {
  state_->context.stop();
  state_->thread.join();
}

void hostile_source::play(std::vector<script> scripts) {
  const std::lock_guard lock{state_->mutex};
  state_->scripts = std::move(scripts);
}

std::uint16_t hostile_source::port() const noexcept {
  return state_->listener.local_endpoint().port();
}

std::string hostile_source::url(const std::string& path) const {
  const auto& address = state_->options.address;
  const bool v6 = address.find(':') != std::string::npos;
  return (state_->secure ? "https://" : "http://") + (v6 ? '[' + address + ']' : address) + ':' +
         std::to_string(port()) + path;
}

std::vector<std::string> hostile_source::requests() const {
  const std::lock_guard lock{state_->mutex};
  return state_->requests;
}

std::size_t hostile_source::connections() const {
  const std::lock_guard lock{state_->mutex};
  return state_->accepted;
}

bool hostile_source::wait_for_closed(std::size_t count) const {
  std::unique_lock lock{state_->mutex};
  return state_->changed.wait_for(lock, std::chrono::seconds{10}, [&] { return state_->closed >= count; });
}

}  // namespace sluice::hostile
