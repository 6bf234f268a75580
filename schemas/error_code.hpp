// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::schemas {

/// Every way in which a request or an import can be refused. The one enumeration of errors: the
/// table below gives each its stable name (the `code` of answers and records), the HTTP status it has
/// when it answers a request, whether trying the same again can help, and a hint for the user.
enum class error_code : std::uint8_t {
  none = 0,
  // Requests
  invalid_json,
  invalid_request,
  unknown_member,
  reserved_property,
  property_forbidden,
  forbidden,
  invalid_location,
  scheme_not_allowed,
  port_not_allowed,
  unauthorized,
  not_found,
  method_not_allowed,
  unsupported_media_type,
  payload_too_large,
  headers_too_large,
  too_many_imports,
  image_protected,
  conflict,
  service_stopping,
  overloaded,
  range_not_satisfiable,
  request_timeout,
  internal_error,
  // Sources
  address_refused,  ///< refused address, closed port and time-out read alike (no port scanner)
  source_status,    ///< the source answered with an HTTP status that is not the image
  source_unreachable,
  source_tls,
  source_protocol,
  source_redirect,
  source_stalled,
  source_truncated,
  source_changed,
  source_encoding,
  deadline_exceeded,
  size_mismatch,
  checksum_mismatch,
  image_too_large,
  // Verification
  not_an_image,
  raw_unrecognised,
  format_mismatch,
  format_not_allowed,
  ambiguous_format,
  backing_file,
  external_data_file,
  unknown_feature,
  external_extent,
  differencing_disk,
  virtual_size_too_large,
  virtual_size_invalid,
  image_truncated,
  image_corrupt,
  image_encrypted,
  overlapping_structures,  ///< two tables, or a table and data, claim the same bytes of the file
  amplification,           ///< far more guest data than file: the same bytes stand for many
  too_complex,             ///< cannot be judged within the operator's time and memory
  verifier_refused,        ///< a verifier of the operator's found something
  verifier_failed,         ///< a verifier crashed, hung, or could not be reached
  conversion_failed,
  unpacking_failed,  ///< what is packed around the image is broken, too large, or not one disk
  signature_invalid,
  // Storage and life cycle
  disk_full,
  quota_exceeded,
  store_failed,
  cancelled,
};

/// One row of the table of errors.
struct error_description {
  error_code code;
  std::string_view name;  ///< stable, lower-case with hyphens; part of the API
  int http_status;        ///< when it answers a request; 0 for those that only end an import
  bool retryable;         ///< the same request may succeed later, unchanged
  std::string_view title;
  std::string_view hint;  ///< what the user can do
};

/// All rows, in enumeration order, without `none`.
[[nodiscard]] std::span<const error_description> error_descriptions() noexcept;
[[nodiscard]] const error_description& describe(error_code code) noexcept;
[[nodiscard]] std::string_view to_string(error_code code) noexcept;
/// The inverse of `to_string`; empty for an unknown name.
[[nodiscard]] std::optional<error_code> error_code_from(std::string_view name) noexcept;

}  // namespace sluice::schemas
