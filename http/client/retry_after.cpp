// SPDX-License-Identifier: Apache-2.0
#include "http/client/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::http {

namespace {

/// Exactly the digits of `text`; empty when there is anything else.
std::optional<int> number(std::string_view text) {
  int out = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, out);
  if (text.empty() || text.front() == '-' || fault != std::errc{} || stop != end)
    return std::nullopt;
  return out;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), the only form that may still be sent.
std::optional<std::chrono::sys_seconds> imf_fixdate(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
      text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT")
    return std::nullopt;
  const auto day = number(text.substr(5, 2));
  const auto month = std::ranges::find(months, text.substr(8, 3));
  const auto year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (!day || month == months.end() || !year || !hour || !minute || !second)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second};
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now,
                                                      std::chrono::seconds most) {
  if (!value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto seconds = number(value);
    return seconds ? std::min(std::chrono::seconds{*seconds}, most) : most;
  }
  const auto when = imf_fixdate(value);
  if (!when)
    return std::nullopt;
  const auto wait = *when - std::chrono::floor<std::chrono::seconds>(now);
  return std::clamp(wait, std::chrono::seconds{0}, most);
}

}  // namespace sluice::http
