// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "http/server/message.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

namespace sluice::http {

/// Who asks, by the configured mode.
///
/// `none`: X-Project-Id or "default", X-Roles or "member", X-User-Id or "": for a loopback service and for trying out.
/// `trusted-headers`: X-Identity-Status must be Confirmed and X-Project-Id present, as an authenticating proxy sets
/// them; else `unauthorized`. The proxy must drop what clients send under these names.
/// Each header may appear once, with at most 255 printable ASCII characters.
/// `keystone`: always `unauthorized`: there it takes a token and `authentication`, and these headers mean nothing.
[[nodiscard]] schemas::result<schemas::identity> identify(const request& asked,
                                                          const schemas::auth_configuration& configuration);

/// The one token in the field `name`; empty when there is none. `unauthorized` when it is repeated or could not be one.
[[nodiscard]] schemas::result<std::string_view> token_in(const request& asked, std::string_view name);

}  // namespace sluice::http
