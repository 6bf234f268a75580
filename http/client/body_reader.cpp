// SPDX-License-Identifier: Apache-2.0
#include "http/client/body_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/error.hpp>

namespace sluice::http {

using actors::source_failure;
using schemas::error_code;
using steady = std::chrono::steady_clock;

namespace {

tl::unexpected<source_failure> transient(error_code code, std::string words) {
  return tl::unexpected<source_failure>{
      source_failure{schemas::failure{code, "Could not retrieve image. " + std::move(words)}, true}};
}

std::string in_words(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

}  // namespace

body_reader::body_reader(std::shared_ptr<source_connection> over, answer from, const fetch_limits& limits)
    : over_{std::move(over)},
      framing_{from.head.framing},
      length_{from.head.length},
      start_{std::move(from.body_start)},
      floor_{limits.minimum_rate, limits.rate_window},
      limits_{limits} {}

bool body_reader::complete() const noexcept {
  return framing_ == body_framing::chunked ? chunks_.complete() : delivered_ == length_;
}

boost::asio::awaitable<actors::source_result<std::size_t>> body_reader::read_some(std::span<std::byte> into) {
  while (!complete()) {
    auto room = into;
    if (framing_ == body_framing::content_length)
      room = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), length_ - delivered_)));
    std::size_t count = take_start(room);
    if (count == 0) {
      const auto received = co_await receive(room);
      if (!received)
        co_return received;
      count = *received;
    }
    if (framing_ == body_framing::chunked) {
      auto payload = chunks_.decode(room.first(count));
      if (!payload)
        co_return tl::unexpected<source_failure>{source_failure{std::move(payload.error()), false}};
      count = *payload;
    }
    delivered_ += count;
    if (count > 0)
      co_return count;
  }
  co_return std::size_t{0};
}

std::size_t body_reader::take_start(std::span<std::byte> into) noexcept {
  const auto count = std::min(into.size(), start_.size() - start_taken_);
  std::memcpy(into.data(), start_.data() + start_taken_, count);
  start_taken_ += count;
  if (start_taken_ == start_.size()) {
    start_ = {};
    start_taken_ = 0;
  }
  return count;
}

boost::asio::awaitable<actors::source_result<std::size_t>> body_reader::receive(std::span<std::byte> into) {
  const auto before = steady::now();
  const auto got = co_await over_->read_some(into, before + limits_.idle);
  if (got.error == boost::asio::error::timed_out)
    co_return transient(error_code::source_stalled, "The source sent nothing for " + in_words(limits_.idle) + ".");
  if (got.error) {
    std::string words = "The source closed the connection after " + std::to_string(delivered_);
    if (framing_ == body_framing::content_length)
      words += " of " + std::to_string(length_);
    co_return transient(error_code::source_truncated, words + " bytes.");
  }
  if (!floor_.account(steady::now() - before, got.bytes))
    co_return transient(error_code::source_stalled,
                        "The source sends less than " + std::to_string(limits_.minimum_rate) + " bytes a second.");
  co_return got.bytes;
}

}  // namespace sluice::http
