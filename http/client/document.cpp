// SPDX-License-Identifier: Apache-2.0
#include "http/client/document.hpp"

#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "http/client/body_reader.hpp"

namespace sluice::http {

using actors::source_failure;
using actors::source_result;
using schemas::error_code;
using steady = std::chrono::steady_clock;

namespace {

tl::unexpected<source_failure> unusable(error_code code, std::string_view what, std::string_view words,
                                        bool transient = false) {
  const auto message = std::string{"Could not retrieve image. "}.append(what).append(words);
  return tl::unexpected<source_failure>{source_failure{schemas::failure{code, message}, transient}};
}

}  // namespace

boost::asio::awaitable<source_result<std::string>> read_document(std::shared_ptr<source_connection> over, answer from,
                                                                 fetch_limits limits, std::string_view what) {
  if (from.head.framing == body_framing::until_close || from.head.encoded)
    co_return unusable(error_code::source_protocol, what, "'s answer is compressed, or does not say how long it is.");
  const auto deadline = steady::now() + limits.first_answer;
  body_reader body{std::move(over), std::move(from), limits};
  std::string document;
  std::array<std::byte, 16384> block;
  const std::span<std::byte> into{block};
  for (;;) {
    const auto got = co_await body.read_some(into);
    if (!got)
      co_return tl::unexpected<source_failure>{got.error()};
    if (*got == 0)
      co_return document;
    document.append(reinterpret_cast<const char*>(block.data()), *got);
    if (document.size() > largest_document)
      co_return unusable(error_code::source_protocol, what, "'s answer is longer than 1 MiB.");
    if (steady::now() >= deadline)
      co_return unusable(error_code::source_stalled, what, " was not answered in time.", true);
  }
}

}  // namespace sluice::http
