// SPDX-License-Identifier: Apache-2.0
#include "http/client/fetch.hpp"

#include <utility>

#include "http/client/document.hpp"
#include "http/client/retry_after.hpp"
#include "http/client/transient_statuses.hpp"
#include "schemas/remote_image.hpp"

namespace sluice::http {

using actors::source_failure;
using actors::source_offer;
using schemas::error_code;

namespace {

tl::unexpected<source_failure> permanent(error_code code, std::string words) {
  return tl::unexpected<source_failure>{
      source_failure{schemas::failure{code, "Could not retrieve image. " + std::move(words)}, false}};
}

}  // namespace

fetch::fetch(std::shared_ptr<connector> network, std::shared_ptr<const caller_tokens> tokens,
             schemas::sources_configuration sources, const fetch_limits& limits, std::string location)
    : network_{std::move(network)},
      tokens_{std::move(tokens)},
      sources_{std::move(sources)},
      limits_{limits},
      location_{std::move(location)} {}

void fetch::abort() {
  live_->abort();
}

boost::asio::awaitable<fetch::offered> fetch::open(std::shared_ptr<fetch> self, std::uint64_t offset,
                                                   std::string validator) {
  self->body_.reset();
  std::optional<resumption> resume;
  if (offset > 0 && is_strong_validator(validator))
    resume = resumption{offset, std::move(validator)};
  auto offer = co_await self->attempt(std::move(resume));
  if (!offer) {
    std::optional<resumption> from_the_start;
    offer = co_await self->attempt(std::move(from_the_start));
  }
  if (!*offer || (self->body_ && self->body_->complete()))
    self->live_->release();
  co_return std::move(*offer);
}

boost::asio::awaitable<std::optional<fetch::offered>> fetch::attempt(std::optional<resumption> resume) {
  auto got = co_await follow(resume);
  if (!got) {
    offered failed = tl::unexpected<source_failure>{std::move(got.error())};
    co_return failed;
  }
  co_return judge(std::move(*got), resume);
}

boost::asio::awaitable<actors::source_result<fetch_target>> fetch::find_target() {
  if (schemas::is_remote_image(location_)) {
    auto pending = find_remote_image();
    co_return co_await std::move(pending);
  }
  in_swift_ = schemas::is_swift_location(location_);
  if (!in_swift_) {
    auto parsed = schemas::parse_location(location_, sources_);
    if (!parsed)
      co_return tl::unexpected<source_failure>{source_failure{std::move(parsed.error()), false}};
    shown_ = parsed->display();
    fetch_target found{std::move(*parsed), {}};
    co_return found;
  }
  auto swift = schemas::parse_swift_location(location_, sources_);
  if (!swift)
    co_return tl::unexpected<source_failure>{source_failure{std::move(swift.error()), false}};
  shown_ = schemas::location_without_credentials(swift->normalised);
  if (swift->access == schemas::swift_access::open)
    co_return open_object(std::move(*swift));
  auto pending = sign_in(network_, live_, std::move(*swift), sources_, limits_);
  co_return co_await std::move(pending);
}

actors::source_result<fetch_target> fetch::open_object(schemas::swift_location swift) const {
  fetch_target found{std::move(swift.where), {}};
  if (!swift.temporary)
    found.token = lent_token(swift.token_handle, found.object);
  return found;
}

std::string fetch::lent_token(const std::string& handle, const schemas::location& to) const {
  auto lent = handle.empty() ? std::nullopt : tokens_->find(handle);
  return lent && lent->origin == to.origin() ? std::move(lent->token) : std::string{};
}

boost::asio::awaitable<actors::source_result<fetch_target>> fetch::find_remote_image() {
  auto image = schemas::parse_remote_image(location_, sources_);
  if (!image)
    co_return tl::unexpected<source_failure>{source_failure{std::move(image.error()), false}};
  shown_ = image->record.display();
  fetch_target found{std::move(image->file), lent_token(image->token_handle, image->record)};
  if (found.token.empty())
    co_return permanent(error_code::source_status,
                        "The token of who asked for it is not kept over a restart of the "
                        "service: import the image again.");
  auto opened = co_await network_->connect(image->record, live_);
  if (!opened)
    co_return tl::unexpected<source_failure>{std::move(opened.error())};
  const std::optional<resumption> whole;
  auto request = request_text(image->record, whole, found.token);
  auto got = co_await ask(*opened, std::move(request), limits_);
  if (!got)
    co_return tl::unexpected<source_failure>{std::move(got.error())};
  if (got->head.status != 200) {
    live_->release();
    co_return tl::unexpected<source_failure>{judge_status(got->head).error()};
  }
  auto reading = read_document(std::move(*opened), std::move(*got), limits_, "The image service of that region");
  const auto document = co_await std::move(reading);
  live_->release();
  if (!document)
    co_return tl::unexpected<source_failure>{document.error()};
  auto taken = schemas::taken_from_remote(*document);
  if (!taken)
    co_return tl::unexpected<source_failure>{source_failure{std::move(taken.error()), false}};
  described_ = std::move(*taken);
  co_return found;
}

boost::asio::awaitable<actors::source_result<answer>> fetch::follow(const std::optional<resumption>& resume) {
  auto target = co_await find_target();
  if (!target)
    co_return tl::unexpected<source_failure>{std::move(target.error())};
  auto to = target->object;
  const auto token_is_for = to.origin();
  for (std::size_t redirects = 0;; ++redirects) {
    auto opened = co_await network_->connect(to, live_);
    if (!opened)
      co_return tl::unexpected<source_failure>{std::move(opened.error())};
    const bool may_see_token = to.origin() == token_is_for;
    auto request = request_text(to, resume, may_see_token ? target->token : std::string());
    auto got = co_await ask(std::move(*opened), std::move(request), limits_);
    if (!got || !got->head.redirect())
      co_return got;
    live_->release();
    if (redirects == limits_.redirects)
      co_return permanent(error_code::source_redirect,
                          "The source redirects more than " + std::to_string(limits_.redirects) + " times.");
    if (got->head.location.empty())
      co_return permanent(error_code::source_redirect, "The source redirects without saying where to.");
    auto next = schemas::resolve_redirect(to, got->head.location, sources_);
    if (!next)
      co_return permanent(error_code::source_redirect, std::move(next.error().message));
    to = std::move(*next);
  }
}

std::optional<fetch::offered> fetch::judge(answer got, const std::optional<resumption>& resume) {
  const auto& head = got.head;
  const bool refused_part = head.status == 412 || head.status == 416;
  if (resume && refused_part)
    return std::nullopt;
  if (head.status != 200 && head.status != 206)
    return judge_status(head);
  std::optional<offered> offer = judge_whole(head);
  if (*offer && head.status == 206)
    offer = resume ? judge_part(head, *resume)
                   : std::optional<offered>{permanent(error_code::source_protocol,
                                                      "The source sent a part although the whole was asked for.")};
  if (offer && *offer) {
    (*offer)->described = described_.properties;
    (*offer)->digests = described_.digests;
    body_.emplace(live_->now(), std::move(got), limits_);
  }
  return offer;
}

std::optional<fetch::offered> fetch::judge_part(const response_head& head, const resumption& resume) const {
  const auto& range = head.range;
  if (head.validator != resume.validator || !range || !range->satisfied)
    return std::nullopt;
  if (range->first != resume.offset || range->last + 1 != range->total)
    return std::nullopt;
  if (head.framing == body_framing::content_length && head.length != range->total - resume.offset)
    return std::nullopt;
  return offered{source_offer{resume.offset, range->total, head.validator}};
}

fetch::offered fetch::judge_whole(const response_head& head) const {
  if (head.encoded)
    return permanent(error_code::source_encoding,
                     "The source compressed the answer although it was asked not to. Serve the image as it is.");
  switch (head.framing) {
    case body_framing::until_close:
      return permanent(error_code::source_protocol,
                       "The source does not say how long the image is, so that a broken connection could not be told "
                       "from its end. Serve it with Content-Length or chunked.");
    case body_framing::content_length: return source_offer{0, head.length, head.validator};
    case body_framing::chunked: break;
  }
  return source_offer{0, std::nullopt, head.validator};
}

fetch::offered fetch::judge_status(const response_head& head) const {
  std::optional<std::chrono::seconds> wait;
  const bool transient = is_transient_status(head.status);
  const bool refused_by_swift = in_swift_ && (head.status == 401 || head.status == 403);
  const std::string_view advice =
      refused_by_swift ? ". Make the container readable, or give a temporary URL, or a location with user and key."
                       : "";
  if (transient)
    wait = parse_retry_after(head.retry_after, std::chrono::system_clock::now(), limits_.retry_after);
  return tl::unexpected<source_failure>{source_failure{
      schemas::failure{error_code::source_status, "Could not retrieve image. Received " + std::to_string(head.status) +
                                                      " response for url '" + shown_ + "'" + std::string{advice}},
      transient, wait}};
}

boost::asio::awaitable<actors::source_result<std::size_t>> fetch::read_some(std::shared_ptr<fetch> self,
                                                                            std::span<std::byte> into) {
  if (!self->body_ || into.empty()) {
    const schemas::failure misuse{error_code::internal_error,
                                  "A source was read before it was opened, or into an empty block."};
    co_return tl::unexpected<source_failure>{source_failure{misuse, false}};
  }
  auto got = co_await self->body_->read_some(into);
  if (!got)
    self->body_.reset();
  if (!got || self->body_->complete())
    self->live_->release();
  co_return got;
}

}  // namespace sluice::http
