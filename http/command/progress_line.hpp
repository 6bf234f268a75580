// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::command {

/// How far one transfer is, as it is shown.
struct progress_view {
  std::string title;
  std::string state;  ///< "uploading", "waiting, next in the queue", …
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> total;
  std::optional<std::uint64_t> rate;  ///< bytes per second
  std::optional<std::uint64_t> eta;   ///< seconds
  bool moving = false;                ///< bytes are flowing: a bar makes sense
};

struct terminal_shape {
  std::size_t width = 80;
  bool utf8 = true;
};

/// One line for a terminal, at most `shape.width` columns: name, bar, percent, bytes, rate, time left, state. In a
/// narrow terminal the least important go first. `turn` moves the bar of a transfer whose end is not known.
[[nodiscard]] std::string progress_line(const progress_view& shown, const terminal_shape& shape, unsigned turn);

/// The same as words for a log: "web-01: uploading, 12.0 MiB of 96.3 MiB (12 %), 31.9 MiB/s, 3 s left".
[[nodiscard]] std::string progress_words(const progress_view& shown, bool utf8);

}  // namespace sluice::command
