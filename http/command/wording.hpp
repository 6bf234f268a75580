// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Numbers and foreign text in the form that people read on a terminal.
namespace sluice::command {

/// "812 B", "96.3 MiB": three digits, powers of 1024.
[[nodiscard]] std::string human_size(std::uint64_t bytes);
/// "0 s", "48 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] std::string human_duration(std::chrono::seconds span);
/// "next in the queue", "2nd in the queue".
[[nodiscard]] std::string human_queue_position(std::uint64_t position);

/// Text of others without control characters, so that it cannot move the cursor or change colours. Outside a UTF-8
/// locale every character that is not ASCII becomes '?'.
[[nodiscard]] std::string printable(std::string_view text, bool utf8);
/// How many columns of a terminal `text` takes (double-width characters count twice).
[[nodiscard]] std::size_t columns(std::string_view text);
/// The beginning of `text` that fits into `width` columns.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

/// Whether the locale's encoding is UTF-8; call after setlocale.
[[nodiscard]] bool locale_is_utf8();

}  // namespace sluice::command
