// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ssl/context.hpp>

#include "schemas/failure.hpp"

namespace sluice::http {

/// How this service speaks TLS to sources: TLS 1.2 or newer, the chain verified against the system's authorities, or
/// against `ca_file` alone when it is given. There is no way to turn the verification off. Refused when `ca_file`
/// cannot be read; `key` is the setting that the message names.
[[nodiscard]] schemas::result<std::shared_ptr<boost::asio::ssl::context>> make_tls_client(
    const std::string& ca_file, std::string_view key = "sources.ca_file");

/// The user's words for a verdict of OpenSSL (X509_V_*): expired, unknown authority, other host. Nothing of the
/// certificate is echoed.
[[nodiscard]] schemas::failure certificate_failure(long verdict);

}  // namespace sluice::http
