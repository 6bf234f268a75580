// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/clamav_check.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/pipeline/thread_class.hpp"
#include "actors/verification/checks/clamd_stream.hpp"

namespace sluice::actors {

using schemas::check_verdict;
using schemas::error_code;
using schemas::failure;

struct clamav_check::shared_state {
  shared_state(schemas::clamav_configuration configured, const gate& entrance)
      : clamd{std::move(configured)}, before{entrance}, wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}

  /// Ends the waits of the thread, so that it looks again who is cancelled.
  void stir() {
    ::eventfd_write(wake.get(), 1);
    arrived.notify_one();
  }

  /// Before a wait that should not end at once for what was stirred up long ago.
  void settle() {
    eventfd_t woken = 0;
    ::eventfd_read(wake.get(), &woken);
  }

  const schemas::clamav_configuration clamd;
  const gate& before;
  const persistence::unique_fd wake;
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<scan> waiting;  ///< guarded
  bool stopping = false;     ///< guarded
};

namespace {

check_report cancelled() {
  check_report report;
  report.why = failure{error_code::cancelled, "The verification was cancelled."};
  return report;
}

check_report found(const std::string& signature) {
  check_report report;
  report.verdict = check_verdict::refused;
  report.why = failure{error_code::verifier_refused, "The virus scanner found " + signature +
                                                         " in the image. Remove it from the disk and try again."};
  return report;
}

failure explain(clamd_answer::kind what) {
  return {error_code::verifier_failed,
          what == clamd_answer::kind::too_long
              ? "The virus scanner takes fewer bytes at once than it is given. Tell the operator that [verify.clamav] "
                "max_stream must be at most clamd's StreamMaxLength."
              : "The virus scanner could not scan the image. Try again later; if it stays, tell the operator."};
}

check_report no_verdict(const verification_request& about, failure why, const std::string& answer,
                        const schemas::clamav_configuration& clamd) {
  spdlog::warn("clamd came to no verdict task={} answer=\"{}\" reason=\"{}\"", about.import_id, answer, why.message);
  check_report report;
  report.why = std::move(why);
  report.tolerated = clamd.accept_on_failure;
  if (report.tolerated)
    report.remarks.emplace_back("The operator lets images in that the virus scanner could not judge.");
  return report;
}

/// Where the next byte is that was written; the file's end when there is none.
std::uint64_t next_data(int file, std::uint64_t from, std::uint64_t size) {
  if (from >= size)
    return size;
  const auto found = ::lseek(file, static_cast<off_t>(from), SEEK_DATA);
  if (found >= 0)
    return static_cast<std::uint64_t>(found);
  return errno == ENXIO ? size : from;
}

}  // namespace

clamav_check::clamav_check(schemas::clamav_configuration clamd, const gate& before)
    : shared_{std::make_shared<shared_state>(std::move(clamd), before)}, thread_{[shared = shared_] {
        live(*shared);
      }} {}

clamav_check::~clamav_check() {
  {
    const std::lock_guard guard{shared_->mutex};
    shared_->stopping = true;
  }
  shared_->stir();
  thread_.join();
}

std::function<void()> clamav_check::start(const judged_image& image, std::function<void(check_report)> on_end) {
  scan next;
  next.image = image;
  next.on_end = std::move(on_end);
  auto cancels = [shared = shared_, flag = next.cancelled] {
    flag->store(true);
    shared->stir();
  };
  {
    const std::lock_guard guard{shared_->mutex};
    shared_->waiting.push_back(std::move(next));
  }
  shared_->arrived.notify_one();
  return cancels;
}

check_report clamav_check::judge(shared_state& shared, const scan& current) {
  const auto& about = current.image.about;
  const auto file = current.image.file->get();
  const auto stopped = [&] {
    if (current.cancelled->load())
      return true;
    const std::lock_guard guard{shared.mutex};
    return shared.stopping;
  };
  unsigned parts = 0;
  for (auto at = next_data(file, 0, about.size); at < about.size; ++parts) {
    shared.settle();
    const auto end = std::min(at + shared.clamd.max_stream, about.size);
    const auto answer = ask_clamd(
        {shared.clamd.socket, file, at, end - at, shared.clamd.time, shared.wake.get(), shared.before, stopped});
    if (!answer && answer.error().code == error_code::cancelled)
      return cancelled();
    if (!answer)
      return no_verdict(about, answer.error(), "", shared.clamd);
    switch (answer->what) {
      case clamd_answer::kind::clean: break;
      case clamd_answer::kind::found: return found(answer->words);
      case clamd_answer::kind::too_long:
      case clamd_answer::kind::broken: return no_verdict(about, explain(answer->what), answer->words, shared.clamd);
    }
    const auto next = next_data(file, end, about.size);
    at = next < about.size ? next - overlap : about.size;
  }
  check_report report;
  report.verdict = check_verdict::passed;
  if (parts > 1)
    report.remarks.push_back("The virus scanner looked at the file in " + std::to_string(parts) +
                             " parts: what it knows only by the whole file was not found.");
  return report;
}

void clamav_check::live(shared_state& shared) {
  name_this_thread("clamav");
  lower_this_thread_to_idle();
  while (true) {
    scan current;
    bool over = false;
    {
      std::unique_lock lock{shared.mutex};
      shared.arrived.wait(lock, [&] { return shared.stopping || !shared.waiting.empty(); });
      if (shared.waiting.empty())
        return;
      current = std::move(shared.waiting.front());
      shared.waiting.pop_front();
      over = shared.stopping;
    }
    current.on_end(over || current.cancelled->load() ? cancelled() : judge(shared, current));
  }
}

}  // namespace sluice::actors
