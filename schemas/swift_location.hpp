// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/location.hpp"

/// Locations of objects in Swift, as Glance's store writes them, put back to what is said on the wire: an http or https
/// URL, and whether one has to sign in first. Guarantee: host, port and path have passed the same judgement as every
/// other location; a secret is in `user` and `key` alone.
namespace sluice::schemas {

/// How an object is come by.
enum class swift_access : std::uint8_t {
  open,      ///< one GET: a public container, a temporary URL, or the caller's own token
  keystone,  ///< sign in at Keystone v3 with project, user and password; the catalog says where the object is
  v1,        ///< sign in as Swift's own tempauth does: X-Auth-User, X-Auth-Key, X-Storage-Url
};

struct swift_location {
  swift_access access = swift_access::open;
  location where;            ///< `open`: the object itself; else where one signs in
  std::string project;       ///< `keystone` only
  std::string user, key;     ///< decoded; not for `open`
  std::string object;        ///< "/container/object" as it goes behind the storage URL, percent-encoded; not for `open`
  bool temporary = false;    ///< carries the signature of a temporary URL: no token is ever sent with it
  std::string token_handle;  ///< which of the callers' tokens goes with it; empty for none

  /// The same location as it is kept: scheme, user and key, host, path and query, in one spelling.
  std::string normalised;
};

/// `swift:` and `swift+…:`, in any case.
[[nodiscard]] bool is_swift_location(std::string_view url) noexcept;

/// `swift` and `swift+https` are https, `swift+http` is http. Without user and key the path is that of the object:
/// /v1/ACCOUNT/CONTAINER/OBJECT, where the object may hold slashes; without a version, as in
/// swift://cloud.example/ACCOUNT/CONTAINER/OBJECT, /v1 is put in front. With them the path is AUTH/CONTAINER/OBJECT,
/// where AUTH ends in /v3 (the user is PROJECT:USER) or in /v1.0 (USER, or ACCOUNT:USER). Refused: what
/// `parse_location` refuses of the host, port and path, `swift+config`, dot segments, empty names, users with a
/// control character. No message repeats the user or the key.
[[nodiscard]] result<swift_location> parse_swift_location(std::string_view url, const sources_configuration& sources);

/// A storage URL that a sign-in answered, joined with the object: judged as a redirect of `signed_in_at` is, so that it
/// cannot lead to a scheme, host form or port that a location could not have. Refused with `source_protocol`.
[[nodiscard]] result<location> object_location(const location& signed_in_at, std::string_view storage_url,
                                               std::string_view object, const sources_configuration& sources);

/// A location as a record keeps it, of any scheme there is: in one spelling, without a fragment.
[[nodiscard]] result<std::string> normalised_location(std::string_view url, const sources_configuration& sources);

}  // namespace sluice::schemas
