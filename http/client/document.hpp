// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "http/client/exchange.hpp"

namespace sluice::http {

inline constexpr std::size_t largest_document = 1 << 20;  ///< bytes: a catalog of hundreds of services

/// The body of an answer that is a document, whole or not at all, within the time that a first answer may take. `what`
/// begins the messages: "The sign-in". Errors: `source_protocol` when it is compressed, without a length or too long;
/// `source_stalled`, and those of `body_reader::read_some`.
[[nodiscard]] boost::asio::awaitable<actors::source_result<std::string>> read_document(
    std::shared_ptr<source_connection> over, answer from, fetch_limits limits, std::string_view what);

}  // namespace sluice::http
