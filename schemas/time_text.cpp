// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>

#include "schemas/json.hpp"

namespace sluice::schemas {
namespace {

/// Whole seconds, rounded down, followed by `zone`.
std::string utc(time_point when, const char* zone) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{seconds - day};
  std::array<char, 64> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d%s", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()), zone);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string glance_time(time_point when) {
  return utc(when, "Z");
}

std::string blueprint_time(time_point when) {
  return utc(when, "+0000");
}

}  // namespace sluice::schemas
