// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actors/ports.hpp"

/// A source in memory that does what a script says, attempt after attempt.
namespace sluice::test {

using bytes = std::vector<std::byte>;

/// One attempt. The last of a script is repeated for ever.
struct scripted_attempt {
  std::shared_ptr<const bytes> content;
  std::optional<actors::source_failure> refuse_open;
  std::optional<std::uint64_t> fail_at;  ///< after this many bytes of the image `failure` comes
  actors::source_failure failure{schemas::failure{schemas::error_code::source_truncated, "The connection was lost."},
                                 true};
  std::optional<std::uint64_t> stall_at;  ///< from here on it waits until it is destroyed or cancelled
  std::optional<std::uint64_t> throw_at;
  std::optional<std::uint64_t> end_at;  ///< says "complete" here, whatever it announced
  bool starts_over = false;             ///< ignores the offset asked for
  bool announces = true;
  std::string validator = "\"v1\"";
  std::size_t chunk = 64 << 10;
};

/// What happened, for the test to look at. Thread-safe.
struct source_log {
  struct opening {
    std::string location;
    std::uint64_t offset;
    std::string validator;
  };
  std::mutex mutex;
  std::vector<opening> openings;
  std::atomic<std::uint64_t> given{0};
  std::atomic<int> alive{0};
  std::atomic<std::uint64_t> reached{0};
  /// Called on the transfer thread with the offset reached.
  std::function<void(const std::string&, std::uint64_t)> on_bytes;

  std::vector<opening> opened() {
    const std::lock_guard guard{mutex};
    return openings;
  }
};

class scripted_source final : public actors::byte_source {
 public:
  scripted_source(scripted_attempt script, std::shared_ptr<source_log> log, std::string location)
      : script_{std::move(script)}, log_{std::move(log)}, location_{std::move(location)} {
    ++log_->alive;
  }
  ~scripted_source() override { --log_->alive; }

  boost::asio::awaitable<actors::source_result<actors::source_offer>> open(std::uint64_t offset,
                                                                           std::string validator) override {
    {
      const std::lock_guard guard{log_->mutex};
      source_log::opening seen;
      seen.location = location_;
      seen.offset = offset;
      seen.validator = validator;
      log_->openings.push_back(std::move(seen));
    }
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
    actors::source_result<actors::source_offer> answer;
    if (script_.refuse_open) {
      answer = tl::unexpected<actors::source_failure>{*script_.refuse_open};
      co_return answer;
    }
    at_ = script_.starts_over || validator != script_.validator ? 0 : offset;
    std::optional<std::uint64_t> total;
    if (script_.announces)
      total = script_.content->size();
    answer = actors::source_offer{at_, total, script_.validator};
    co_return answer;
  }

  boost::asio::awaitable<actors::source_result<std::size_t>> read_some(std::span<std::byte> into) override {
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
    actors::source_result<std::size_t> answer;
    if (script_.throw_at && at_ >= *script_.throw_at)
      throw std::runtime_error{"a bug in the source"};
    if (script_.fail_at && at_ >= *script_.fail_at) {
      answer = tl::unexpected<actors::source_failure>{script_.failure};
      co_return answer;
    }
    if (script_.stall_at && at_ >= *script_.stall_at) {
      boost::asio::steady_timer never{executor, boost::asio::steady_timer::time_point::max()};
      co_await never.async_wait(boost::asio::use_awaitable);
    }
    auto end = static_cast<std::uint64_t>(script_.content->size());
    for (const auto& limit : {script_.fail_at, script_.stall_at, script_.throw_at, script_.end_at})
      end = std::min(end, limit.value_or(end));
    const auto count = std::min({static_cast<std::uint64_t>(into.size()), std::uint64_t{script_.chunk}, end - at_});
    std::memcpy(into.data(), script_.content->data() + at_, count);
    at_ += count;
    log_->given += count;
    log_->reached = at_;
    if (log_->on_bytes)
      log_->on_bytes(location_, at_);
    answer = static_cast<std::size_t>(count);
    co_return answer;
  }

 private:
  scripted_attempt script_;
  std::shared_ptr<source_log> log_;
  std::string location_;
  std::uint64_t at_ = 0;
};

class scripted_factory final : public actors::byte_source_factory {
 public:
  using script = std::vector<scripted_attempt>;

  /// Every location plays this, unless it has its own.
  void play(script attempts) { set("", std::move(attempts)); }
  void set(const std::string& location, script attempts) {
    const std::lock_guard guard{mutex_};
    scripts_.emplace_back(location, std::move(attempts));
  }

  std::unique_ptr<actors::byte_source> create(const boost::asio::any_io_executor&,
                                              const std::string& location) override {
    const std::lock_guard guard{mutex_};
    auto found = std::find_if(scripts_.rbegin(), scripts_.rend(), [&](const auto& s) { return s.first == location; });
    if (found == scripts_.rend())
      found = std::find_if(scripts_.rbegin(), scripts_.rend(), [&](const auto& s) { return s.first.empty(); });
    auto& attempts = found->second;
    auto next = attempts.front();
    if (attempts.size() > 1)
      attempts.erase(attempts.begin());
    return std::make_unique<scripted_source>(std::move(next), log, location);
  }

  std::shared_ptr<source_log> log = std::make_shared<source_log>();

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::string, script>> scripts_;
};

}  // namespace sluice::test
