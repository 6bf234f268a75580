// SPDX-License-Identifier: Apache-2.0
#include "http/client/name_resolver.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::http {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Shared by the coroutine that asks and the thread that finds out. The coroutine withdraws it when it ends, by a
/// deadline or by its own destruction; after that no thread touches the executor or the timer again.
struct name_resolver::question {
  explicit question(std::string name, asio::any_io_executor executor)
      : host{std::move(name)}, where{std::move(executor)}, waiting{std::make_shared<asio::steady_timer>(where)} {}

  void withdraw() {
    const std::lock_guard lock{mutex};
    waiting.reset();
    where = {};
  }

  /// Called by a thread of the resolver.
  void reply(answer found) {
    const std::lock_guard lock{mutex};
    if (!waiting)
      return;
    // The timer belongs to the coroutine's executor: it is cancelled there, and only there.
    asio::post(where, [timer = waiting, slot = result, found = std::move(found)]() mutable {
      *slot = std::move(found);
      timer->cancel();
    });
  }

  const std::string host;
  std::mutex mutex;
  asio::any_io_executor where;
  std::shared_ptr<asio::steady_timer> waiting;
  std::shared_ptr<std::optional<answer>> result = std::make_shared<std::optional<answer>>();
};

struct name_resolver::queue {
  /// False when too many wait already, or no thread can be had.
  static bool accept(const std::shared_ptr<queue>& self, const std::shared_ptr<question>& asked);
  static void serve(const std::shared_ptr<queue>& self);

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<question>> questions;
  std::size_t most_threads = 1;
  std::size_t most_waiting = 0;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool closed = false;
};

namespace {

name_resolver::answer ask_system(const std::string& host) {
  name_resolver::answer out;
  asio::io_context unused;
  tcp::resolver resolver{unused};
  const auto found = resolver.resolve(host, "", tcp::resolver::flags{}, out.error);
  for (const auto& each : found)
    out.addresses.push_back(each.endpoint().address());
  return out;
}

}  // namespace

void name_resolver::queue::serve(const std::shared_ptr<queue>& self) {
  std::unique_lock lock{self->mutex};
  for (;;) {
    ++self->idle;
    self->changed.wait(lock, [&] { return self->closed || !self->questions.empty(); });
    --self->idle;
    if (self->closed)
      return;
    auto next = std::move(self->questions.front());
    self->questions.pop_front();
    lock.unlock();
    next->reply(ask_system(next->host));
    next.reset();
    lock.lock();
  }
}

bool name_resolver::queue::accept(const std::shared_ptr<queue>& self, const std::shared_ptr<question>& asked) {
  const std::lock_guard lock{self->mutex};
  if (self->questions.size() >= self->most_waiting)
    return false;
  if (self->idle <= self->questions.size() && self->threads < self->most_threads) {
    try {
      std::thread{[self] { serve(self); }}.detach();
      ++self->threads;
    } catch (const std::system_error&) {
      if (self->threads == 0)
        return false;
    }
  }
  self->questions.push_back(asked);
  self->changed.notify_one();
  return true;
}

name_resolver::name_resolver(std::size_t threads, std::size_t most_waiting) : queue_{std::make_shared<queue>()} {
  queue_->most_threads = threads;
  queue_->most_waiting = most_waiting;
}

name_resolver::~name_resolver() {
  const std::lock_guard lock{queue_->mutex};
  queue_->closed = true;
  queue_->questions.clear();
  queue_->changed.notify_all();
}

asio::awaitable<name_resolver::answer> name_resolver::resolve(std::string host,
                                                              std::chrono::steady_clock::time_point deadline) {
  answer out;
  boost::system::error_code not_a_literal;
  const auto literal = asio::ip::make_address(host, not_a_literal);
  if (!not_a_literal) {
    out.addresses.push_back(literal);
    co_return out;
  }

  auto executor = co_await asio::this_coro::executor;
  const auto asked = std::make_shared<question>(std::move(host), std::move(executor));
  struct withdrawal {
    explicit withdrawal(std::shared_ptr<question> what) : asked{std::move(what)} {}
    withdrawal(const withdrawal&) = delete;
    withdrawal& operator=(const withdrawal&) = delete;
    ~withdrawal() { asked->withdraw(); }
    std::shared_ptr<question> asked;
  };
  const withdrawal at_the_end{asked};
  const auto timer = asked->waiting;
  const auto result = asked->result;
  if (!queue::accept(queue_, asked)) {
    out.error = asio::error::no_buffer_space;
    co_return out;
  }
  timer->expires_at(deadline);
  if (!*result)
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  if (*result)
    out = std::move(**result);
  else
    out.error = asio::error::timed_out;
  co_return out;
}

}  // namespace sluice::http
