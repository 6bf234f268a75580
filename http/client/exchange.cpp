// SPDX-License-Identifier: Apache-2.0
#include "http/client/exchange.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/error.hpp>

namespace sluice::http {

using actors::source_failure;
using schemas::error_code;
using steady = std::chrono::steady_clock;

namespace {

tl::unexpected<source_failure> fail(error_code code, std::string words, bool transient) {
  return tl::unexpected<source_failure>{
      source_failure{schemas::failure{code, "Could not retrieve image. " + std::move(words)}, transient}};
}

tl::unexpected<source_failure> fail(const boost::system::error_code& error) {
  if (error == boost::asio::error::timed_out)
    return fail(error_code::source_stalled, "The source did not answer in time.", true);
  return fail(error_code::source_truncated, "The source closed the connection without a complete answer.", true);
}

constexpr std::string_view end_of_head = "\r\n\r\n";

}  // namespace

std::string request_text(const schemas::location& to, const std::optional<resumption>& resume,
                         const std::string& token) {
  std::string out = "GET " + to.target + " HTTP/1.1\r\nHost: " + to.host_header() +
                    "\r\nUser-Agent: sluice/0.1\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
  if (!token.empty())
    out += "X-Auth-Token: " + token + "\r\n";
  if (resume) {
    out += "Range: bytes=" + std::to_string(resume->offset) + "-\r\n";
    out += "If-Range: " + resume->validator + "\r\nIf-Match: " + resume->validator + "\r\n";
  }
  return out + "\r\n";
}

boost::asio::awaitable<actors::source_result<answer>> ask(std::shared_ptr<source_connection> over, std::string request,
                                                          fetch_limits limits) {
  // One deadline for the whole head: a source that dribbles it byte by byte gains nothing.
  const auto deadline = steady::now() + limits.first_answer;
  if (const auto error = co_await over->write(request, deadline))
    co_return fail(error);

  std::string received;
  std::size_t interim = 0;
  std::size_t searched = 0;
  for (;;) {
    const auto at = received.find(end_of_head, searched);
    if (at != std::string::npos) {
      const auto size = at + end_of_head.size();
      auto head = parse_response_head(std::string_view{received}.substr(0, size));
      if (!head)
        co_return tl::unexpected<source_failure>{source_failure{std::move(head.error()), false}};
      received.erase(0, size);
      searched = 0;
      if (!head->interim()) {
        answer out{std::move(*head), std::move(received)};
        co_return out;
      }
      if (++interim > limits.interim_answers)
        co_return fail(error_code::source_protocol, "The source sends interim answers without end.", false);
      continue;
    }
    if (!may_become_response_head(received))
      co_return fail(error_code::source_protocol,
                     "The source's answer is not HTTP/1.1. Check the port of the location, and whether it wants https.",
                     false);
    if (received.size() >= limits.header_bytes)
      co_return fail(
          error_code::source_protocol,
          "The header of the source's answer is longer than " + std::to_string(limits.header_bytes / 1024) + " KiB.",
          false);
    searched = received.size() < end_of_head.size() ? 0 : received.size() - (end_of_head.size() - 1);

    std::array<std::byte, 8192> block;
    const auto room = std::min(block.size(), limits.header_bytes - received.size());
    const std::span<std::byte> into{block.data(), room};
    const auto got = co_await over->read_some(into, deadline);
    if (got.error)
      co_return fail(got.error);
    received.append(reinterpret_cast<const char*>(block.data()), got.bytes);
  }
}

}  // namespace sluice::http
