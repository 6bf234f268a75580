// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text of people and of sources, in UTF-8.
namespace sluice::schemas {

/// Unicode code points; `text` is valid UTF-8.
[[nodiscard]] std::size_t code_points(std::string_view text) noexcept;

/// Without C0 and C1 control characters and DEL. Tabs and line ends become spaces, so that what is shown is one line.
[[nodiscard]] std::string one_line(std::string_view text);

/// Without C0 and C1 control characters and DEL, but with tabs and line ends.
[[nodiscard]] std::string many_lines(std::string_view text);

}  // namespace sluice::schemas
