// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "http/server/message.hpp"
#include "schemas/failure.hpp"
#include "schemas/policy.hpp"

/// How a failure becomes an answer, in one place: problem details (RFC 9457) on our own resources, Glance's shapes on
/// Glance's, by what the client accepts; with Retry-After where it belongs. WWW-Authenticate is put on where it is
/// known who authenticates.
namespace sluice::http {

inline constexpr std::size_t longest_echoed_id = 255;  ///< bytes of what was asked for that an answer repeats

/// `status` overrides the one of the failure's code when it is not 0.
[[nodiscard]] response fault(const schemas::failure& why, const request& asked, unsigned status = 0);

/// 403 in Glance's words: the roles of who asks are not among those of the rule.
[[nodiscard]] response not_permitted(schemas::policy_rule rule, const request& asked);

/// An import that is not there, or not for this caller: word for word the same answer.
[[nodiscard]] response no_such_import(std::string_view id, const request& asked);
[[nodiscard]] response no_such_image(std::string_view id, const request& asked);

}  // namespace sluice::http
