// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/configuration.hpp"
#include "schemas/image.hpp"
#include "schemas/image_import.hpp"
#include "schemas/image_member.hpp"

/// JSON in and out of the API. In: simdjson under caps (SECURITY A11: size, depth, member count, duplicate keys,
/// UTF-8, lone surrogates, NUL, unknown members). Out: escaped, control characters of untrusted text removed.
namespace sluice::schemas {

/// Reads and validates the body of POST /v2/image-imports for `who`: members, types, caps, Glance's enumerations,
/// reserved and read-only properties, roles (public visibility and protected need admin), and the location by `sources`
/// (scheme, port, host forms; not its addresses, which are checked after resolution).
[[nodiscard]] result<import_request> parse_import_request(std::string_view body, const identity& who,
                                                          const sources_configuration& sources);

/// The live part of an import's answer (DESIGN.md section 5), absent members left out.
struct progress_view {
  std::string phase;  ///< waiting | fetching | resuming | verifying | converting | digesting | publishing
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> total;
  std::optional<std::uint64_t> rate;            ///< bytes per second, over the last seconds
  std::optional<std::uint64_t> eta;             ///< seconds left
  std::optional<std::uint64_t> queue_position;  ///< 1 = next
  std::string limited_by;                       ///< queue | source | bandwidth | digest | disk | "" (unknown yet)
};

[[nodiscard]] std::string to_json(const image_import& record, const std::optional<progress_view>& progress);

/// One page; `first` and `next` are relative paths that repeat the query (`next` only when there is more).
struct page_links {
  std::string first;
  std::optional<std::string> next;
};
struct import_with_progress {
  image_import record;
  std::optional<progress_view> progress;
};
[[nodiscard]] std::string to_json(const std::vector<import_with_progress>& page, const page_links& links);

[[nodiscard]] std::string to_json(const image& record);
/// One page of images, written image after image, so that one who lists may pause in between and holds no records.
class image_page_text {
 public:
  /// `images`: as many as are expected, for a guess at the size.
  explicit image_page_text(std::size_t images);
  void add(const image& record);
  [[nodiscard]] std::string finish(const page_links& links) &&;

 private:
  std::string text_;
  bool empty_ = true;
};
[[nodiscard]] std::string to_json(const image_member& record);
[[nodiscard]] std::string to_json(const std::vector<image_member>& members);

/// RFC 9457 `application/problem+json`: type, title, status, detail, code, and `field` when known.
[[nodiscard]] std::string problem_json(const failure& why);
/// The same fault in Glance's shape (GLANCE-API 1.6), for Glance's own resources.
enum class glance_error_form : std::uint8_t { html, plain, json };
[[nodiscard]] std::string glance_error(const failure& why, int http_status, glance_error_form form);

/// GET / and /versions. `base` is the absolute URL of the service without trailing slash.
[[nodiscard]] std::string versions_json(std::string_view base);

/// Published schemas, compiled in from schemas/published/*.json: "image", "images", "member", "members", "task",
/// "tasks", "image-import", "image-imports", "image-import-request", "problem", "bandwidth", "bandwidth-patch". Empty
/// for an unknown name.
[[nodiscard]] std::string_view published_schema(std::string_view name) noexcept;

/// `YYYY-MM-DDTHH:MM:SSZ`, UTC (Glance's form) and `YYYY-MM-DDTHH:MM:SS+0000` (the blueprint's, for expires-by).
[[nodiscard]] std::string glance_time(time_point when);
[[nodiscard]] std::string blueprint_time(time_point when);

/// Records as bytes: what LMDB keeps and what messages carry. Versioned; every version ever written stays readable.
[[nodiscard]] std::string encode(const image_import& record);
[[nodiscard]] std::string encode(const image& record);
[[nodiscard]] std::string encode(const image_member& record);
[[nodiscard]] result<image_import> decode_image_import(std::string_view bytes);
[[nodiscard]] result<image> decode_image(std::string_view bytes);
[[nodiscard]] result<image_member> decode_image_member(std::string_view bytes);

}  // namespace sluice::schemas
