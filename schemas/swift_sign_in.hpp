// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "schemas/failure.hpp"

/// The two documents of a sign-in at Keystone v3 on behalf of a Swift location. Pure.
namespace sluice::schemas {

/// The largest answer that is looked at, bytes: a catalog of hundreds of services.
inline constexpr std::size_t largest_sign_in_answer = std::size_t{1} << 20;

/// The body of POST …/auth/tokens: password authentication of `user`, scoped to `project`, both in `domain` (a name).
[[nodiscard]] std::string keystone_sign_in_request(const std::string& user, const std::string& key,
                                                   const std::string& project, const std::string& domain);

/// The public endpoint of the first object-store in the catalog of the answer. Refused with `source_protocol` when it
/// is no token's JSON or names none; the message holds nothing of `answer`.
[[nodiscard]] result<std::string> object_store_endpoint(std::string_view answer);

}  // namespace sluice::schemas
