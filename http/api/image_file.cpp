// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_file.hpp"

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "http/api/faults.hpp"
#include "http/api/images.hpp"
#include "http/server/range.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::failure;

/// The range counts only for the content the client has part of (RFC 9110 section 13.1.5); a date never matches, since
/// images have no Last-Modified.
bool range_applies(std::string_view if_range, std::string_view etag) noexcept {
  return if_range.empty() || (!etag.empty() && if_range == etag);
}

/// The length the file really has; a record that disagrees must not be served.
bool has_length(int fd, std::uint64_t expected) noexcept {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && static_cast<std::uint64_t>(facts.st_size) == expected;
}

asio::awaitable<response> read_file(exchange& at) {
  const auto record = visible_image(at.state, at.who, at.parameter);
  if (!record)
    co_return no_such_image(at.parameter, at.asked);
  response given;
  const bool has_bytes =
      record->status == schemas::image_status::active || record->status == schemas::image_status::deactivated;
  if (!has_bytes || !record->facts || record->facts->size == 0) {
    given.status = 204;
    co_return given;
  }
  if (record->status == schemas::image_status::deactivated && !at.who.is_admin())
    co_return fault(
        failure(error_code::forbidden, "The requested image has been deactivated. Image data download is forbidden."),
        at.asked);
  const auto size = record->facts->size;
  auto file = at.state.parts.blobs.open_image(record->id);
  if (!file && file.error().code == error_code::not_found)
    co_return no_such_image(at.parameter, at.asked);  // deleted this very moment
  if (!file)
    co_return fault(file.error(), at.asked);
  if (!has_length(file->get(), size)) {
    spdlog::error("http: image={} has another length than its record says and is not served", record->id);
    co_return fault(failure(error_code::internal_error, "The image cannot be read."), at.asked);
  }
  const auto& hash = record->facts->os_hash_value;
  const auto etag = hash.empty() ? std::string{} : "\"" + hash + "\"";
  const auto range = range_applies(at.asked.field("If-Range"), etag) ? parse_range(at.asked.field("Range"), size)
                                                                     : parse_range({}, size);
  const auto [first_range, last_range] = at.asked.fields.equal_range("Range");
  const bool repeated = first_range != last_range && std::next(first_range) != last_range;
  if (range.what == byte_range::kind::invalid || repeated)
    co_return fault(failure(error_code::invalid_request,
                            "Range: expected one range of bytes such as bytes=0-1023, bytes=1024- or bytes=-512."),
                    at.asked);
  if (range.what == byte_range::kind::unsatisfiable) {
    auto refused = fault(failure(error_code::range_not_satisfiable,
                                 "Range: the image has " + std::to_string(size) + " bytes; none lies in this range."),
                         at.asked);
    refused.fields.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    co_return refused;
  }
  given.content_type = "application/octet-stream";
  given.fields.emplace_back("Content-Disposition", "attachment");
  given.fields.emplace_back("Accept-Ranges", "bytes");
  if (!etag.empty())
    given.fields.emplace_back("ETag", etag);
  if (!record->facts->md5.empty())
    given.fields.emplace_back("Content-MD5", record->facts->md5);  // hexadecimal, of the whole: Glance's form
  given.file.fd = std::move(*file);
  given.file.length = size;
  if (range.what == byte_range::kind::part) {
    given.status = 206;
    given.file.offset = range.first;
    given.file.length = range.length;
    given.fields.emplace_back("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                                   std::to_string(range.first + range.length - 1) + "/" +
                                                   std::to_string(size));
  }
  co_return given;
}

}  // namespace

void add_image_file(api_router& routes) {
  routes.add(verb::get, "/v2/images/{id}/file", schemas::policy_rule::download_image, read_file);
}

}  // namespace sluice::http
