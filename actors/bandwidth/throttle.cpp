// SPDX-License-Identifier: Apache-2.0
#include "actors/bandwidth/throttle.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::actors {

namespace {

constexpr double smallest_burst = 256 << 10;
constexpr double bursts_per_second = 10;
constexpr std::chrono::milliseconds longest_rest{100};

double burst_of(std::uint64_t rate) {
  return std::max(smallest_burst, static_cast<double>(rate) / bursts_per_second);
}

/// Says "I wait" for as long as it lives, however the wait ends.
class waiting_mark {
 public:
  explicit waiting_mark(std::atomic<bool>& mark) : mark_{mark} { mark_.store(true, std::memory_order_relaxed); }
  ~waiting_mark() { mark_.store(false, std::memory_order_relaxed); }
  waiting_mark(const waiting_mark&) = delete;
  waiting_mark& operator=(const waiting_mark&) = delete;

 private:
  std::atomic<bool>& mark_;
};

}  // namespace

throttle::throttle(std::string import_id, std::string project_id, std::string source_host, const gate& before)
    : import_id_{std::move(import_id)},
      project_id_{std::move(project_id)},
      source_host_{std::move(source_host)},
      gate_{before} {}

boost::asio::awaitable<void> throttle::pass_gate() {
  if (!gate_.closed())
    co_return;
  boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
  for (auto waited = std::chrono::microseconds{0}; waited < gate::most_waited && gate_.closed(); waited += gate::step) {
    timer.expires_after(gate::step);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

boost::asio::awaitable<void> throttle::rest(std::chrono::microseconds pause) {
  boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
  timer.expires_after(pause);
  resting_ = &timer;
  boost::system::error_code woken;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  resting_ = nullptr;
  const auto cancelled = co_await boost::asio::this_coro::cancellation_state;
  if (cancelled.cancelled() != boost::asio::cancellation_type::none)
    throw boost::system::system_error{boost::asio::error::operation_aborted};
}

boost::asio::awaitable<void> throttle::take(std::uint64_t bytes) {
  {
    const boost::asio::any_io_executor here = co_await boost::asio::this_coro::executor;
    const std::lock_guard guard{executor_mutex_};
    if (!executor_)
      executor_ = here;
  }
  auto passing = pass_gate();
  co_await std::move(passing);
  for (;;) {
    const auto rate = rate_.load(std::memory_order_relaxed);
    const auto now = clock::now();
    if (rate == unlimited) {
      tokens_ = 0;
      filled_at_ = now;
      break;
    }
    const auto burst = burst_of(rate);
    if (filled_at_ != clock::time_point{}) {
      const auto elapsed = std::chrono::duration<double>{now - filled_at_}.count();
      tokens_ = std::min(burst, tokens_ + elapsed * static_cast<double>(rate));
    }
    filled_at_ = now;
    // What is larger than the bucket is granted from a full one and leaves a debt.
    const auto needed = std::min(static_cast<double>(bytes), burst);
    if (tokens_ >= needed) {
      tokens_ -= static_cast<double>(bytes);
      break;
    }
    hungry_.store(true, std::memory_order_relaxed);
    const waiting_mark mark{waiting_};
    auto pause = std::chrono::duration<double>{longest_rest};
    if (rate > 0)
      pause = std::min(pause, std::chrono::duration<double>{(needed - tokens_) / static_cast<double>(rate)});
    auto resting = rest(std::chrono::ceil<std::chrono::microseconds>(pause));
    co_await std::move(resting);
  }
  taken_.fetch_add(bytes, std::memory_order_relaxed);
}

void throttle::give_back(std::uint64_t bytes) noexcept {
  tokens_ += static_cast<double>(bytes);
  taken_.fetch_sub(bytes, std::memory_order_relaxed);
}

void throttle::set_rate(std::uint64_t bytes_per_second) noexcept {
  const auto before = rate_.exchange(bytes_per_second, std::memory_order_relaxed);
  if (bytes_per_second <= before || !waiting_.load(std::memory_order_relaxed))
    return;
  boost::asio::any_io_executor where;
  {
    const std::lock_guard guard{executor_mutex_};
    where = executor_;
  }
  if (auto self = weak_from_this().lock(); self && where)
    boost::asio::post(where, [self = std::move(self)] {
      if (self->resting_ != nullptr)
        self->resting_->cancel();
    });
}

std::uint64_t throttle::rate() const noexcept {
  return rate_.load(std::memory_order_relaxed);
}

std::uint64_t throttle::taken() const noexcept {
  return taken_.load(std::memory_order_relaxed);
}

bool throttle::was_hungry() noexcept {
  return hungry_.exchange(waiting_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

std::shared_ptr<throttle> throttle_board::add(std::string import_id, std::string project_id, std::string source_host) {
  auto added = std::make_shared<throttle>(std::move(import_id), std::move(project_id), std::move(source_host), gate_);
  const std::lock_guard guard{mutex_};
  added->set_rate(initial_rate_.load(std::memory_order_relaxed));
  throttles_.push_back(added);
  return added;
}

void throttle_board::remove(const std::shared_ptr<throttle>& gone) {
  const std::lock_guard guard{mutex_};
  std::erase(throttles_, gone);
}

std::vector<std::shared_ptr<throttle>> throttle_board::all() const {
  const std::lock_guard guard{mutex_};
  return throttles_;
}

void throttle_board::set_initial_rate(std::uint64_t bytes_per_second) noexcept {
  initial_rate_.store(bytes_per_second, std::memory_order_relaxed);
}

}  // namespace sluice::actors
