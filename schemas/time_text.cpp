// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>
#include <string_view>

#include "schemas/json.hpp"

namespace sluice::schemas {
namespace {

/// `number` in decimal digits that fill the whole of `place`.
void write_digits(std::span<char> place, unsigned number) {
  for (auto digit = place.rbegin(); digit != place.rend(); ++digit, number /= 10)
    *digit = static_cast<char>('0' + number % 10);
}

/// Whole seconds, rounded down, followed by `zone`. By hand, since listings hold thousands of times. A year has four
/// digits: what lies beyond is shown as the first or the last of them.
std::string utc(time_point when, std::string_view zone) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{seconds - day};
  std::string text{"0000-00-00T00:00:00"};
  const auto write = [&text](std::size_t from, std::size_t digits, auto number) {
    write_digits(std::span{text}.subspan(from, digits), static_cast<unsigned>(number));
  };
  write(0, 4, std::clamp(static_cast<int>(date.year()), 0, 9999));
  write(5, 2, static_cast<unsigned>(date.month()));
  write(8, 2, static_cast<unsigned>(date.day()));
  write(11, 2, clock.hours().count());
  write(14, 2, clock.minutes().count());
  write(17, 2, clock.seconds().count());
  return text.append(zone);
}

}  // namespace

std::string glance_time(time_point when) {
  return utc(when, "Z");
}

std::string blueprint_time(time_point when) {
  return utc(when, "+0000");
}

}  // namespace sluice::schemas
