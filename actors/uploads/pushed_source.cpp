// SPDX-License-Identifier: Apache-2.0
#include "actors/uploads/pushed_source.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::actors {

namespace {

using schemas::error_code;

source_failure lost(error_code code, std::string message) {
  return source_failure{schemas::failure{code, std::move(message)}, false};
}

}  // namespace

/// What the receiver's thread may wake, whatever has become of the source meanwhile.
struct pushed_source::signal {
  explicit signal(const boost::asio::any_io_executor& where) : timer{where} {}
  boost::asio::steady_timer timer;
};

pushed_source::pushed_source(boost::asio::any_io_executor where, std::shared_ptr<pushed_body> body,
                             std::chrono::milliseconds patience)
    : where_{std::move(where)},
      body_{std::move(body)},
      patience_{patience},
      signal_{std::make_shared<signal>(where_)} {}

pushed_source::~pushed_source() {
  if (opened_)
    body_->close();
}

boost::asio::awaitable<source_result<source_offer>> pushed_source::open(std::uint64_t offset, std::string) {
  auto told = [executor = where_, weak = std::weak_ptr{signal_}] {
    boost::asio::post(executor, [weak] {
      if (const auto alive = weak.lock())
        alive->timer.cancel();
    });
  };
  opened_ = body_ && offset == 0 && body_->open(std::move(told));
  if (!opened_) {
    source_result<source_offer> refused{
        tl::unexpect, lost(error_code::source_truncated,
                           "The upload was interrupted, and its bytes cannot be asked for again. Upload the image "
                           "again.")};
    co_return refused;
  }
  source_result<source_offer> offered{source_offer(0, body_->total(), std::string{})};
  co_return offered;
}

boost::asio::awaitable<source_result<std::size_t>> pushed_source::read_some(std::span<std::byte> into) {
  const auto until = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    // Set before the look: a wake that comes between look and wait must still end the wait.
    signal_->timer.expires_at(until);
    if (const auto taken = body_->take(into); taken > 0)
      co_return source_result<std::size_t>(taken);
    if (body_->ended())
      co_return source_result<std::size_t>(0);
    if (auto why = body_->failed()) {
      source_result<std::size_t> broken{tl::unexpect, source_failure(std::move(*why), false)};
      co_return broken;
    }
    if (std::chrono::steady_clock::now() >= until) {
      source_result<std::size_t> stalled{
          tl::unexpect,
          lost(error_code::source_stalled, "No byte of the upload came for a long time. Upload it again.")};
      co_return stalled;
    }
    boost::system::error_code woken;
    co_await signal_->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  }
}

std::unique_ptr<byte_source> source_switch::create(const boost::asio::any_io_executor& where,
                                                   const std::string& location) {
  if (!location.starts_with(pushed_location))
    return fetched_.create(where, location);
  return std::make_unique<pushed_source>(where, uploads_.find(location.substr(pushed_location.size())), patience_);
}

}  // namespace sluice::actors
