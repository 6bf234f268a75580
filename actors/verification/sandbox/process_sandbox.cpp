// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/process_sandbox.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/verification/sandbox/keeper_process.hpp"

namespace sluice::actors::verification::sandbox {

using namespace std::chrono_literals;

namespace {

constexpr unsigned most_losses = 2;
constexpr unsigned most_failed_starts = 5;
/// How much longer than a job may take its keeper may stay silent.
constexpr std::chrono::seconds silence = 10s;

}  // namespace

std::string describe(const sandbox_outcome& outcome) {
  switch (outcome.end) {
    case sandbox_end::finished: return "ended with status " + std::to_string(outcome.status);
    case sandbox_end::crashed: {
      const auto* const name = ::sigabbrev_np(outcome.status);
      return std::string{"was killed by SIG"} + (name == nullptr ? "?" : name);
    }
    case sandbox_end::out_of_processor_time: return "used up its processor time";
    case sandbox_end::out_of_wall_time: return "did not end in time";
    case sandbox_end::cancelled: return "was cancelled";
    case sandbox_end::lost: return "was lost with its keeper";
    case sandbox_end::not_started: return "could not be started";
  }
  return "ended";
}

process_sandbox::process_sandbox(sandbox_options options)
    : options_{std::move(options)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, thread_{[this] { live(); }} {}

process_sandbox::~process_sandbox() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

sandbox_ticket process_sandbox::run(sandbox_job job, std::function<void(sandbox_outcome)> on_end) {
  sandbox_ticket ticket = 0;
  {
    const std::lock_guard guard{mutex_};
    ticket = ++last_ticket_;
    if (!stopping_ && accepted_ < options_.most_waiting) {
      ++accepted_;
      order fresh;
      fresh.ticket = ticket;
      fresh.fresh.job = std::move(job);
      fresh.fresh.on_end = std::move(on_end);
      orders_.push_back(std::move(fresh));
      on_end = nullptr;
    }
  }
  if (on_end)
    on_end(sandbox_outcome{});
  else
    ::eventfd_write(wake_.get(), 1);
  return ticket;
}

void process_sandbox::cancel(sandbox_ticket ticket) {
  {
    const std::lock_guard guard{mutex_};
    order word;
    word.ticket = ticket;
    word.cancels = true;
    orders_.push_back(std::move(word));
  }
  ::eventfd_write(wake_.get(), 1);
}

void process_sandbox::live() {
  while (true) {
    {
      const std::lock_guard guard{mutex_};
      if (stopping_)
        break;
    }
    if (!socket_ && clock::now() >= next_start_)
      start_keeper();
    give_jobs();
    pollfd watched[] = {{wake_.get(), POLLIN, 0},
                        {socket_.get(), static_cast<short>(full_ ? POLLIN | POLLOUT : POLLIN), 0}};
    ::poll(watched, socket_ ? 2 : 1, patience());
    if (watched[0].revents != 0)
      take_orders();
    if (socket_ && watched[1].revents != 0) {
      full_ = false;
      hear();
    }
    kill_silent_keeper();
  }
  take_orders();
  end_keeper();
  end_all();
}

/// Milliseconds until something is due without anybody saying so.
int process_sandbox::patience() const {
  auto due = clock::now() + 1h;
  if (!socket_)
    due = std::min(due, next_start_);
  for (const auto& [ticket, job] : entries_)
    if (job.sent)
      due = std::min(due, job.sent_at + job.job.limits.wall_time + silence);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - clock::now());
  return static_cast<int>(std::max(left, 0ms).count());
}

std::size_t process_sandbox::running() const {
  return entries_.size() - waiting_.size();
}

void process_sandbox::take_orders() {
  eventfd_t woken = 0;
  ::eventfd_read(wake_.get(), &woken);
  std::vector<order> orders;
  {
    const std::lock_guard guard{mutex_};
    orders.swap(orders_);
  }
  for (auto& next : orders) {
    if (next.cancels) {
      cancel_now(next.ticket);
      continue;
    }
    entries_.emplace(next.ticket, std::move(next.fresh));
    waiting_.push_back(next.ticket);
  }
}

void process_sandbox::cancel_now(sandbox_ticket ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end())
    return;
  found->second.cancelled = true;
  if (found->second.sent) {
    words_.push_back(message_writer{keeper_word::cancel}.number(ticket).bytes());
  } else {
    std::erase(waiting_, ticket);
    sandbox_outcome outcome;
    outcome.end = sandbox_end::cancelled;
    end(ticket, std::move(outcome));
  }
}

void process_sandbox::give_jobs() {
  while (socket_ && !full_ && !words_.empty()) {
    switch (send_datagram(socket_.get(), words_.front(), {}, MSG_DONTWAIT)) {
      case transfer::done: words_.pop_front(); break;
      case transfer::later: full_ = true; break;
      case transfer::over: lose_keeper("its socket is closed"); break;
    }
  }
  while (socket_ && !full_ && !waiting_.empty() && running() < options_.most_running) {
    const auto ticket = waiting_.front();
    auto& next = entries_.at(ticket);
    const auto bytes = encode_job(ticket, next.job);
    if (bytes.size() > most_datagram || next.job.input.size() > most_input) {
      waiting_.pop_front();
      end(ticket, sandbox_outcome{});
      continue;
    }
    std::vector<int> files;
    for (const auto* const file : {&next.job.image, &next.job.output})
      if (*file)
        files.push_back(file->get());
    switch (send_datagram(socket_.get(), bytes, files, MSG_DONTWAIT)) {
      case transfer::done:
        waiting_.pop_front();
        next.sent = true;
        next.sent_at = clock::now();
        break;
      case transfer::later: full_ = true; break;
      case transfer::over: lose_keeper("its socket is closed"); break;
    }
  }
}

void process_sandbox::hear() {
  datagram message;
  while (socket_) {
    const auto got = receive_datagram(socket_.get(), message);
    if (got == transfer::later)
      return;
    if (got == transfer::over)
      return lose_keeper("it died");
    message_reader from{message.bytes};
    const auto word = static_cast<keeper_word>(from.number());
    if (word == keeper_word::ready) {
      failed_starts_ = 0;
      spdlog::info("sandbox ready keeper={} protections=\"{}\"", keeper_, from.text());
      continue;
    }
    const auto ticket = from.number();
    auto outcome = word == keeper_word::ended ? decode_outcome(from) : std::nullopt;
    if (!outcome)
      return lose_keeper("it does not make sense");
    end(ticket, std::move(*outcome));
  }
}

void process_sandbox::start_keeper() {
  auto made = keeper_process::start(options_.program);
  if (!made) {
    ++failed_starts_;
    next_start_ = clock::now() + 100ms * (1U << std::min(failed_starts_, 6U));
    spdlog::error("sandbox keeper not started attempt={} reason=\"{}\"", failed_starts_, made.error().message);
    if (failed_starts_ >= most_failed_starts)
      end_all();
    return;
  }
  socket_ = std::move(made->socket);
  keeper_ = made->process;
  full_ = false;
  keeper_starts_.fetch_add(1, std::memory_order_relaxed);
  shown_keeper_.store(keeper_, std::memory_order_relaxed);
}

void process_sandbox::lose_keeper(const char* why) {
  const auto process = keeper_;
  keeper_process::end(std::exchange(keeper_, 0), 0ms);
  shown_keeper_.store(0, std::memory_order_relaxed);
  socket_.reset();
  words_.clear();
  // One that never became ready counts as one that could not be started.
  ++failed_starts_;
  next_start_ = clock::now() + (failed_starts_ > 1 ? 100ms * (1U << std::min(failed_starts_, 6U)) : 0ms);
  std::vector<sandbox_ticket> again, over;
  for (auto& [ticket, job] : entries_) {
    if (!std::exchange(job.sent, false))
      continue;
    (job.cancelled || ++job.losses >= most_losses ? over : again).push_back(ticket);
  }
  spdlog::error("sandbox keeper lost process={} reason=\"{}\" repeated={} failed={}", process, why, again.size(),
                over.size());
  waiting_.insert(waiting_.begin(), again.begin(), again.end());
  for (const auto ticket : over) {
    sandbox_outcome outcome;
    outcome.end = entries_.at(ticket).cancelled ? sandbox_end::cancelled : sandbox_end::lost;
    end(ticket, std::move(outcome));
  }
  if (failed_starts_ > most_failed_starts)
    end_all();
}

void process_sandbox::kill_silent_keeper() {
  const auto now = clock::now();
  for (const auto& [ticket, job] : entries_)
    if (job.sent && now >= job.sent_at + job.job.limits.wall_time + silence)
      return lose_keeper("it does not answer");
}

void process_sandbox::end(sandbox_ticket ticket, sandbox_outcome outcome) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end())
    return;
  const auto on_end = std::move(found->second.on_end);
  entries_.erase(found);
  {
    const std::lock_guard guard{mutex_};
    --accepted_;
  }
  on_end(std::move(outcome));
}

void process_sandbox::end_all() {
  waiting_.clear();
  while (!entries_.empty())
    end(entries_.begin()->first, sandbox_outcome{});
}

void process_sandbox::end_keeper() {
  socket_.reset();  // it sees that, ends its children and itself
  keeper_process::end(std::exchange(keeper_, 0), 2s);
  shown_keeper_.store(0, std::memory_order_relaxed);
}

}  // namespace sluice::actors::verification::sandbox
