// SPDX-License-Identifier: Apache-2.0
#include "bench/load/request_load.hpp"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/arrivals.hpp"
#include "bench/load/request_text.hpp"
#include "bench/load/waiting.hpp"
#include "bench/load/watched_connection.hpp"

namespace sluice::bench {
namespace {

constexpr std::size_t most_waiting = 65536;
constexpr nanoseconds longest_drain = std::chrono::seconds{5};
constexpr nanoseconds deadline_check = std::chrono::milliseconds{50};

class request_load {
 public:
  request_load(const load_options& options, load_clock::time_point start, load_report& report)
      : options_{options},
        report_{report},
        server_{resolve(options)},
        arrivals_{options, start},
        text_{options},
        start_{start},
        end_{start + options.duration} {
    for (unsigned i = 0; i < options.connections; ++i) {
      slots_.push_back(std::make_unique<slot>(waiting_, i, server_, options.copy));
      free_.push_back(i);
    }
  }

  void run() {
    for (const auto give_up = end_ + std::min(options_.timeout, longest_drain);;) {
      const auto now = load_clock::now();
      take_due(now);
      send_due();
      if (now >= next_check_)
        check_deadlines(now);
      const bool over = now >= end_;
      if (over && (now >= give_up || (due_.empty() && free_.size() == slots_.size())))
        break;
      const auto next = arrivals_.next() < end_ ? arrivals_.next() : give_up;
      for (const auto& event : waiting_.wait(std::min(next, next_check_)))
        advance(event.data.u32);
    }
    give_up_the_rest();
  }

 private:
  struct slot : watched_connection {
    using watched_connection::watched_connection;
    load_clock::time_point due;
    bool busy = false, repeated = false;
    std::string request;
  };

  void take_due(load_clock::time_point now) {
    for (; arrivals_.next() <= now && arrivals_.next() < end_; arrivals_.step()) {
      report_.offered();
      if (due_.size() < most_waiting)
        due_.push_back(arrivals_.next());
      else
        report_.failed(now, "never sent: 65536 requests were waiting");
    }
  }

  void send_due() {
    while (!due_.empty() && !free_.empty()) {
      const auto index = free_.front();
      free_.pop_front();
      auto& one = *slots_[index];
      one.due = due_.front();
      due_.pop_front();
      one.busy = true;
      one.repeated = false;
      one.request = text_.next();
      start(index);
    }
  }

  void start(std::uint32_t index) {
    slots_[index]->begin(slots_[index]->request);
    advance(index);
  }

  void advance(std::uint32_t index) {
    auto& one = *slots_[index];
    const auto outcome = one.link.advance();
    const auto now = load_clock::now();
    report_.received(now, one.link.take_received());
    if (!one.busy)
      return;
    if (outcome == connection::outcome::failed) {
      if (one.link.worth_repeating() && !one.repeated && options_.method == "GET") {
        one.repeated = true;
        start(index);
        return;
      }
      report_.failed(now, one.link.error());
      release(index);
    } else if (outcome == connection::outcome::finished) {
      if (one.link.status() >= 300)
        report_.failed(now, "status " + std::to_string(one.link.status()));
      else if (options_.range_bytes != 0 && one.link.status() != 206)
        report_.failed(now, "status " + std::to_string(one.link.status()) + " where a range was asked for");
      else
        report_.completed(now, now - one.due);
      release(index);
    } else {
      one.want(EPOLLIN);
    }
  }

  void release(std::uint32_t index) {
    slots_[index]->busy = false;
    free_.push_back(index);
    slots_[index]->want(EPOLLIN);
  }

  void check_deadlines(load_clock::time_point now) {
    next_check_ = now + deadline_check;
    for (std::uint32_t i = 0; i < slots_.size(); ++i)
      if (slots_[i]->busy && now - slots_[i]->due > options_.timeout) {
        slots_[i]->link.close();
        report_.failed(now, "timed out", now - slots_[i]->due);
        release(i);
      }
    for (; !due_.empty() && now - due_.front() > options_.timeout; due_.pop_front())
      report_.failed(now, "timed out before it could be sent", now - due_.front());
  }

  void give_up_the_rest() {
    const auto now = load_clock::now();
    for (const auto& one : slots_)
      if (one->busy)
        report_.failed(now, "not finished when the load ended", now - one->due);
    for (const auto due : due_)
      report_.failed(now, "not sent when the load ended", now - due);
  }

  const load_options& options_;
  load_report& report_;
  const server_address server_;
  arrivals arrivals_;
  request_text text_;
  const load_clock::time_point start_, end_;
  load_clock::time_point next_check_ = start_ + deadline_check;
  waiting waiting_;
  std::vector<std::unique_ptr<slot>> slots_;
  std::deque<std::uint32_t> free_;
  std::deque<load_clock::time_point> due_;
};

}  // namespace

void run_requests(const load_options& options, load_clock::time_point start, load_report& report) {
  request_load{options, start, report}.run();
}

}  // namespace sluice::bench
