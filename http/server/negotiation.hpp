// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// What a client prefers, read from Accept and Prefer. Pure functions over field values.
namespace sluice::http {

/// The forms in which a fault can be told.
enum class fault_form : std::uint8_t { problem, glance_json, glance_html, glance_plain };

/// For Glance's own resources: problem details or JSON when asked for, HTML for anything that takes HTML as gladly,
/// plain text when the field is missing or takes neither (WebOb's rules, which Glance follows).
[[nodiscard]] fault_form preferred_fault_form(std::string_view accept) noexcept;

/// `text/event-stream` is named, and nothing is preferred to it.
[[nodiscard]] bool wants_event_stream(std::string_view accept) noexcept;

/// Is a Content-Type `type`, with no parameter but charset=utf-8?
[[nodiscard]] bool is_json_media_type(std::string_view content_type, std::string_view type) noexcept;

/// The seconds of `wait=N` in a Prefer field (RFC 7240 section 4.3); empty when there is none or it is malformed.
[[nodiscard]] std::optional<std::chrono::seconds> preferred_wait(std::string_view prefer) noexcept;

}  // namespace sluice::http
