// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

/// What is said to Keystone, and what it says of a token (its Identity API v3, "Authentication and token management").
namespace sluice::schemas {

/// One way to reach a service that the cloud's catalog names.
struct catalog_endpoint {
  std::string type;       ///< "image", "object-store", …
  std::string interface;  ///< "public" | "internal" | "admin"
  std::string region;
  std::string url;

  friend bool operator==(const catalog_endpoint&, const catalog_endpoint&) = default;
};

struct keystone_token {
  identity who;  ///< project_id is empty when the token is for no project: unscoped, or of a domain or the system
  time_point expires_at{};
  std::vector<catalog_endpoint> catalog;  ///< empty when it was not asked for
};

/// Reads `{"token": {…}}`, from an answer of at most 1 MiB. Roles come out in lower case. Refused as
/// `overloaded` when it is no such document, or one that could not have come from Keystone: ids beyond 64
/// printable characters, no expiry. The message holds nothing of `body`.
[[nodiscard]] result<keystone_token> parse_keystone_token(std::string_view body);

/// The body of POST /v3/auth/tokens by which the service gets its own token; `secret` is its password, or the secret of
/// its application credential.
[[nodiscard]] std::string keystone_login(const keystone_configuration& keystone, const std::string& secret);

/// `YYYY-MM-DDTHH:MM:SS`, with a fraction of a second or without, in UTC ("Z"): the form of Keystone's times.
[[nodiscard]] result<time_point> parse_keystone_time(std::string_view text);

}  // namespace sluice::schemas
