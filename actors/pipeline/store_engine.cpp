// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/store_engine.hpp"

#include <array>
#include <span>

#include <spdlog/spdlog.h>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actors/pipeline/thread_class.hpp"

namespace sluice::actors {

schemas::result<void> store_stream::start_over() {
  written_ = 0;
  failed_ = false;
  return file_.truncate(0);
}

store_engine::store_engine(const gate& before, const isolation& protections)
    : gate_{before}, protections_{protections}, thread_{[this] {
        name_this_thread("store");
        if (protections_.low_threads)
          lower_this_thread_by(lowest_niceness);
        work();
      }} {}

store_engine::~store_engine() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  work_arrived_.notify_one();
}

void store_engine::write(const std::shared_ptr<store_stream>& stream, const std::shared_ptr<block_flight>& flight) {
  const std::lock_guard guard{mutex_};
  stream->pending_.push_back(flight);
  if (std::exchange(stream->scheduled_, true))
    return;
  item added;
  added.stream = stream;
  queue_.push_back(std::move(added));
  work_arrived_.notify_one();
}

void store_engine::post(std::function<void()> job) {
  const std::lock_guard guard{mutex_};
  item added;
  added.job = std::move(job);
  queue_.push_back(std::move(added));
  work_arrived_.notify_one();
}

boost::asio::awaitable<void> store_engine::completion_of(std::function<void()> work) {
  auto initiate = [this](auto handler, std::function<void()> job) {
    const auto executor = boost::asio::get_associated_executor(handler);
    // A std::function must be copyable and a coroutine's handler is not.
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    post([executor, waiting, job = std::move(job)] {
      job();
      boost::asio::post(executor, [waiting] { std::move (*waiting)(); });
    });
  };
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      std::move(initiate), boost::asio::use_awaitable, std::move(work));
}

void store_engine::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    work_arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty())
      return;
    auto next = std::move(queue_.front());
    queue_.pop_front();
    if (next.stream) {
      write_next(next.stream, lock);
      continue;
    }
    lock.unlock();
    next.job();
    next.job = nullptr;  // what it holds is released without the lock
    lock.lock();
  }
}

void store_engine::write_next(const std::shared_ptr<store_stream>& stream, std::unique_lock<std::mutex>& lock) {
  std::deque<std::shared_ptr<block_flight>> flights;
  const auto most = protections_.small_writes && gate_.images_are_read() ? 1 : most_joined;
  while (!stream->pending_.empty() && flights.size() < most) {
    flights.push_back(std::move(stream->pending_.front()));
    stream->pending_.pop_front();
  }
  lock.unlock();
  gate_.pass();
  if (!stream->failed_) {
    auto written = write_joined(*stream, flights);
    if (written) {
      stream->written_ = flights.back()->end();
    } else {
      stream->failed_ = true;
      flights.front()->stage_failed(std::move(written.error()));
    }
  }
  for (const auto& flight : flights) {
    flight->stage_done(stage::store);
  }
  flights.clear();
  lock.lock();

  if (stream->pending_.empty()) {
    stream->scheduled_ = false;
  } else {
    item rest;
    rest.stream = stream;
    queue_.push_back(std::move(rest));
  }
}

schemas::result<void> store_engine::write_joined(store_stream& stream,
                                                 const std::deque<std::shared_ptr<block_flight>>& flights) {
  std::array<std::span<const std::byte>, most_joined> blocks;
  for (std::size_t index = 0; index < flights.size(); ++index)
    blocks[index] = flights[index]->bytes();
  return stream.file().write_gather(flights.front()->offset(), std::span{blocks}.first(flights.size()));
}

}  // namespace sluice::actors
