// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/api/exchange.hpp"

namespace sluice::http {

/// A validated location as the record of an import keeps it. When it is an object in Swift that is read without signing
/// in, on a host that Keystone's catalog names as the cloud's object store, the caller's own token is lent to the
/// import in memory, for that host alone, and the location carries its handle. In every other case it comes back
/// unchanged: a token never goes to a host that only a user names. An image at another Glance (schemas::remote_image)
/// gets it too: only the catalog makes such a location.
[[nodiscard]] std::string with_lent_token(const exchange& at, std::string location);

}  // namespace sluice::http
