// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_uploads.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "actors/uploads/pushed_body.hpp"
#include "http/api/faults.hpp"
#include "http/api/images.hpp"
#include "http/api/import_creation.hpp"
#include "http/api/upload_feed.hpp"
#include "http/letter_case.hpp"
#include "http/server/body_stream.hpp"
#include "schemas/uuid.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;
using schemas::image_import;
using schemas::image_status;
using schemas::import_origin;

constexpr std::string_view size_field = "x-openstack-image-size";
constexpr std::string_view store_field = "X-Image-Meta-Store";

bool is_octet_stream(std::string_view content_type) noexcept {
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  return same_word(type, "application/octet-stream");
}

/// What the client says the size is, twice at most: it must be a number, and both must agree.
schemas::result<std::optional<std::uint64_t>> announced_size(const request& asked) {
  const auto text = asked.field(size_field);
  std::optional<std::uint64_t> length;
  if (asked.stream == nullptr)
    length = 0;
  else
    length = asked.stream->length();
  if (text.empty())
    return length;
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size())
    return schemas::refuse(error_code::invalid_request, std::string{size_field} + " must be a whole number of bytes.");
  if (length && *length != size)
    return schemas::refuse(error_code::invalid_request, std::string{size_field} + " says " + std::to_string(size) +
                                                            " bytes, but the body has " + std::to_string(*length) +
                                                            ".");
  return size;
}

/// The status of an answer to an upload whose import failed. What the bytes are is a matter of the media (415), how
/// they came one of the request.
unsigned status_of(error_code why) noexcept {
  switch (why) {
    case error_code::size_mismatch:
    case error_code::checksum_mismatch:
    case error_code::signature_invalid:
    case error_code::source_truncated:
    case error_code::source_protocol: return 400;
    case error_code::source_stalled:
    case error_code::deadline_exceeded: return 408;
    case error_code::image_too_large:
    case error_code::quota_exceeded:
    case error_code::disk_full: return 413;
    case error_code::verifier_failed: return 503;
    default: break;
  }
  const auto own = schemas::describe(why).http_status;
  return own != 0 ? static_cast<unsigned>(own) : 415;
}

response ended(const exchange& at, const std::optional<image_import>& record, bool starved) {
  if (starved)
    return fault(failure(error_code::overloaded,
                         "No import of yours could begin in time: as many run as may. Try again "
                         "later."),
                 at.asked);
  if (!record)
    return fault(failure(error_code::conflict, "The upload was cancelled."), at.asked);
  if (record->status == schemas::image_import_status::success || record->is_staged())
    return no_content();
  if (record->status != schemas::image_import_status::failure)
    return fault(failure(error_code::service_stopping, "The service is stopping. Upload the image again."), at.asked);
  const auto why = record->why.value_or(failure{});
  if (why.code != error_code::cancelled)
    return fault(why, at.asked, status_of(why.code));
  const bool gone = !at.state.parts.records.has_image(record->image_id);
  return fault(why, at.asked, gone ? 410 : 409);
}

schemas::result<void> may_upload(const exchange& at, const schemas::image& image, import_origin origin) {
  if (!schemas::may_change(at.who, image))
    return schemas::refuse(error_code::forbidden, "You are not permitted to upload data for this image.");
  if (!is_octet_stream(at.asked.field("Content-Type")))
    return schemas::refuse(error_code::unsupported_media_type,
                           "Content-Type: expected application/octet-stream. Send the bytes of the image as they are.");
  if (const auto store = at.asked.field(store_field); !store.empty() && store != schemas::store_id)
    return schemas::refuse(error_code::invalid_request, std::string{store_field} + ": the service has one store, \"" +
                                                            std::string{schemas::store_id} + "\".");
  const auto to = origin == import_origin::upload ? image_status::saving : image_status::uploading;
  if (image.status != image_status::queued)
    return schemas::refuse(error_code::conflict, "Image status transition from " +
                                                     std::string{to_string(image.status)} + " to " +
                                                     std::string{to_string(to)} + " is not allowed");
  return {};
}

image_import draft_of_upload(const exchange& at, const schemas::image& image, import_origin origin,
                             std::optional<std::uint64_t> size) {
  auto draft = draft_import(at, origin);
  draft.id = schemas::random_uuid();
  draft.image_id = image.id;
  draft.request.location = std::string{actors::pushed_location} + draft.id;
  draft.request.properties = image.properties;
  draft.request.expect.size = size;
  return draft;
}

asio::awaitable<response> receive(exchange& at, import_origin origin) {
  const auto image = visible_image(at.state, at.who, at.parameter);
  if (!image)
    co_return no_such_image(at.parameter, at.asked);
  if (const auto allowed = may_upload(at, *image, origin); !allowed)
    co_return fault(allowed.error(), at.asked);
  const auto size = announced_size(at.asked);
  if (!size)
    co_return fault(size.error(), at.asked);
  if (at.state.parts.uploads == nullptr)
    co_return fault(failure(error_code::overloaded, "The service takes no uploads."), at.asked);
  auto draft = draft_of_upload(at, *image, origin, *size);
  upload_feed feed{at, draft.id, *size};
  auto pending = begin_import(at, std::move(draft));
  const auto begun = co_await std::move(pending);
  if (!begun) {
    const bool full = begun.error().code == error_code::too_many_imports;
    co_return fault(begun.error(), at.asked, full ? 503 : 0);
  }
  auto feeding = feed.run();
  const auto record = co_await std::move(feeding);
  co_return ended(at, record, feed.starved());
}

asio::awaitable<response> file(exchange& at) {
  co_return co_await receive(at, import_origin::upload);
}

asio::awaitable<response> stage(exchange& at) {
  co_return co_await receive(at, import_origin::stage);
}

}  // namespace

void add_image_uploads(api_router& routes) {
  routes.add(verb::put, "/v2/images/{id}/file", schemas::policy_rule::upload_image, file);
  routes.add(verb::put, "/v2/images/{id}/stage", schemas::policy_rule::upload_image, stage);
}

bool is_upload(verb method, std::string_view path) noexcept {
  return method == verb::put && path.starts_with("/v2/images/") &&
         (path.ends_with("/file") || path.ends_with("/stage"));
}

}  // namespace sluice::http
