// SPDX-License-Identifier: Apache-2.0
#include "http/server/server.hpp"

#include <sys/socket.h>

#include <csignal>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/server/listener.hpp"
#include "http/server/session.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::result;

constexpr std::size_t read_pool_threads = 4;
constexpr std::chrono::milliseconds accept_pause{100};  ///< when descriptors have run out
/// Longer than any ask of a handler: sessions left after a cut end within this, or a deadline is broken.
constexpr std::chrono::seconds last_wait{90};

constexpr std::string_view busy_answer =
    "HTTP/1.1 503 Service Unavailable\r\nServer: sluice\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Type: application/problem+json\r\nContent-Length: 141\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
    R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"Too many connections. Try again )"
    R"(in a moment.","code":"overloaded"})";
static_assert(busy_answer.size() - busy_answer.find("\r\n\r\n") - 4 == 141);

}  // namespace

class server::implementation {
 public:
  implementation(server_options chosen, request_handler& handler, actors::serving_signals& told)
      : options{std::move(chosen)},
        signals{told},
        pool{read_pool_threads, told},
        context{options.limits, handler, pool} {}

  result<std::string> start() {
    std::signal(SIGPIPE, SIG_IGN);  // sendfile has no MSG_NOSIGNAL
    const auto address = parse_listen_address(options.listen);
    if (!address)
      return tl::unexpected<schemas::failure>{address.error()};
    if (!options.tls_certificate.empty()) {
      tls.emplace(asio::ssl::context::tls_server);
      if (auto loaded = load_certificate(*tls, options.tls_certificate, options.tls_key); !loaded)
        return tl::unexpected<schemas::failure>{loaded.error()};
    }
    for (std::size_t i = 0; i < std::max<std::size_t>(options.loops, 1); ++i)
      loops.push_back(std::make_unique<event_loop>(signals, i));
    auto listening = listen_on(loops.front()->executor(), *address, options.congestion_control);
    if (!listening)
      return tl::unexpected<schemas::failure>{listening.error()};
    acceptor.emplace(std::move(*listening));
    acceptor->non_blocking(true);
    acceptor->set_option(
        asio::socket_base::enable_connection_aborted{true});  // else Asio waits for the next one, blocking
    const auto here = acceptor->local_endpoint();
    const auto host = here.address().to_string();
    asio::co_spawn(loops.front()->executor(), accept(), asio::detached);
    for (std::size_t i = 0; i < loops.size(); ++i)
      loops[i]->start(options.name + "-" + std::to_string(i));
    return (tls ? "https://" : "http://") + (here.address().is_v6() ? "[" + host + "]" : host) + ":" +
           std::to_string(here.port());
  }

  void stop(std::chrono::milliseconds grace) {
    if (!acceptor || std::exchange(stopped, true))
      return;
    asio::post(loops.front()->executor(), [this] {
      boost::system::error_code ignored;
      acceptor->close(ignored);
    });
    for (const auto& loop : loops)
      asio::post(loop->executor(), [&each = *loop] { each.begin_stop(); });
    if (!wait_for_sessions(grace)) {
      spdlog::warn("http: {} connections did not finish in the grace period and are cut", open_sessions.load());
      for (const auto& loop : loops)
        asio::post(loop->executor(), [&each = *loop] { each.abort(); });
      if (!wait_for_sessions(last_wait))
        spdlog::error("http: {} connections are still in hand at the end", open_sessions.load());
    }
    for (const auto& loop : loops)
      loop->join();
  }

 private:
  bool wait_for_sessions(std::chrono::milliseconds limit) {
    std::unique_lock guard{mutex};
    return all_ended.wait_for(guard, limit, [this] { return open_sessions.load() == 0; });
  }

  event_loop& least_loaded() {
    return **std::ranges::min_element(loops, {}, [](const auto& loop) { return loop->load(); });
  }

  /// A loop is chosen when a connection is there, not when the wait for one begins.

  asio::awaitable<void> accept() {
    asio::steady_timer pause{loops.front()->executor()};
    while (acceptor->is_open()) {
      boost::system::error_code error;
      co_await acceptor->async_wait(acceptor_type::wait_read, asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted || loops.front()->stopping())
        co_return;
      auto& loop = least_loaded();
      connection::socket_type socket{asio::any_io_executor{loop.executor()}};
      acceptor->accept(socket, error);
      if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
          error == asio::error::no_memory) {
        spdlog::error("http: cannot accept a connection: {}", error.message());
        pause.expires_after(accept_pause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      } else if (!error) {
        admit(std::move(socket), loop);
      }
    }
  }

  void admit(connection::socket_type socket, event_loop& loop) {
    if (open_sessions.fetch_add(1) >= options.limits.connections) {
      boost::system::error_code ignored;
      if (!tls) {
        [[maybe_unused]] const auto sent =
            ::send(socket.native_handle(), busy_answer.data(), busy_answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      }
      socket.shutdown(asio::socket_base::shutdown_send, ignored);
      session_ended();
      return;
    }
    auto peer = tls ? make_tls_connection(std::move(socket), *tls) : make_plain_connection(std::move(socket));
    asio::co_spawn(loop.executor(), serve(std::move(peer), loop_seat{loop}, loop), [this](std::exception_ptr fault) {
      try {
        if (fault)
          std::rethrow_exception(fault);
      } catch (const std::exception& why) {
        spdlog::error("http: a connection ended with a fault: {}", why.what());
      }
      session_ended();
    });
  }

  asio::awaitable<void> serve(std::unique_ptr<connection> peer, loop_seat seat, event_loop& loop) {
    session life{std::move(peer), loop, std::move(seat), context};
    if (loop.stopping())
      co_return;
    co_await life.run();
  }

  void session_ended() {
    if (open_sessions.fetch_sub(1) == 1) {
      const std::lock_guard guard{mutex};
      all_ended.notify_all();
    }
  }

  const server_options options;
  actors::serving_signals& signals;
  read_pool pool;
  const session_context context;
  std::optional<asio::ssl::context> tls;
  std::vector<std::unique_ptr<event_loop>> loops;
  std::optional<acceptor_type> acceptor;
  std::atomic<std::size_t> open_sessions{0};
  std::mutex mutex;
  std::condition_variable all_ended;
  bool stopped = false;
};

server::server(server_options options, request_handler& handler, actors::serving_signals& signals)
    : implementation_{std::make_unique<implementation>(std::move(options), handler, signals)} {}

server::~server() {
  stop(std::chrono::milliseconds{0});
}

result<void> server::start() {
  auto address = implementation_->start();
  if (!address)
    return tl::unexpected<schemas::failure>{std::move(address.error())};
  endpoint_ = std::move(*address);
  return {};
}

void server::stop(std::chrono::milliseconds grace) {
  implementation_->stop(grace);
}

}  // namespace sluice::http
