// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "http/api/exchange.hpp"
#include "schemas/image_import.hpp"

/// How an import begins, alike in every dialect: whose it is, what may be sent, and who takes it.
namespace sluice::http {

/// Refuses a body that is not declared as JSON. `what`, as in "Send the import as a JSON object", names what is wanted.
[[nodiscard]] schemas::result<void> expects_json(const request& asked, std::string_view what);

/// An import of this caller by this request; what it wants is still to be filled in.
[[nodiscard]] schemas::image_import draft_import(const exchange& at, schemas::import_origin origin);

/// May the image that an import makes be as visible as `properties` say? `property_forbidden`, naming the rule of the
/// policy, when not; `pointer` is where the properties stand in the body.
[[nodiscard]] schemas::result<void> may_be_visible(const exchange& at, const schemas::image_properties& properties,
                                                   std::string_view pointer);

/// Gives the import to its actors: durable when this returns. The caller's own token goes with it where the location
/// allows that (`with_lent_token`). Errors: those of the import supervisor, and `service_stopping`.
boost::asio::awaitable<schemas::result<schemas::image_import>> begin_import(exchange& at, schemas::image_import draft);

}  // namespace sluice::http
