// SPDX-License-Identifier: Apache-2.0
#include "schemas/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace sluice::schemas {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t worth;
};

constexpr std::uint64_t kilo = 1000;
constexpr std::uint64_t kibi = 1024;

constexpr std::array sizes{
    unit{"", 1},
    unit{"B", 1},
    unit{"kB", kilo},
    unit{"KB", kilo},
    unit{"MB", kilo* kilo},
    unit{"GB", kilo* kilo* kilo},
    unit{"TB", kilo* kilo* kilo* kilo},
    unit{"PB", kilo* kilo* kilo* kilo* kilo},
    unit{"KiB", kibi},
    unit{"MiB", kibi* kibi},
    unit{"GiB", kibi* kibi* kibi},
    unit{"TiB", kibi* kibi* kibi* kibi},
    unit{"PiB", kibi* kibi* kibi* kibi* kibi},
};

constexpr std::array bits_per_second{
    unit{"bit/s", 1},
    unit{"kbit/s", kilo},
    unit{"Mbit/s", kilo* kilo},
    unit{"Gbit/s", kilo* kilo* kilo},
    unit{"Tbit/s", kilo* kilo* kilo* kilo},
};

constexpr std::array durations{
    unit{"us", 1},           unit{"ms", 1'000},        unit{"s", 1'000'000},
    unit{"min", 60'000'000}, unit{"h", 3'600'000'000}, unit{"d", 86'400'000'000},
};

struct quantity {
  std::uint64_t number;
  std::string_view unit_name;
};

/// Digits, at most one space, and the rest.
std::optional<quantity> split(std::string_view text) {
  quantity parts{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts.number);
  if (error != std::errc{})
    return std::nullopt;
  parts.unit_name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (parts.unit_name.size() > 1 && parts.unit_name.front() == ' ')
    parts.unit_name.remove_prefix(1);
  return parts;
}

/// number x unit, when the unit is in the table and the product is at most `most`.
std::optional<std::uint64_t> weigh(const quantity& parts, std::span<const unit> table, std::uint64_t most) {
  const auto found = std::ranges::find(table, parts.unit_name, &unit::name);
  if (found == table.end() || parts.number > most / found->worth)
    return std::nullopt;
  return parts.number * found->worth;
}

/// Sizes are counted in signed 64 bits by files and by LMDB's readers of them.
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

tl::unexpected<failure> expected(std::string_view what) {
  return refuse(error_code::invalid_request, "expected " + std::string{what});
}

}  // namespace

result<std::uint64_t> parse_size(std::string_view text) {
  if (const auto parts = split(text))
    if (const auto bytes = weigh(*parts, sizes, largest))
      return *bytes;
  return expected("a size with a unit, such as \"256MiB\" or \"10GB\"");
}

result<std::uint64_t> parse_rate(std::string_view text) {
  constexpr std::string_view per_second = "/s";
  if (text == "0")
    return 0;
  if (auto parts = split(text)) {
    if (const auto bits = weigh(*parts, bits_per_second, largest))
      return *bits / 8;
    if (parts->unit_name.ends_with(per_second) && parts->unit_name.size() > per_second.size()) {
      parts->unit_name.remove_suffix(per_second.size());
      if (const auto bytes = weigh(*parts, sizes, largest))
        return *bytes;
    }
  }
  return expected("a rate with a unit, such as \"100MiB/s\" or \"10Gbit/s\"");
}

result<std::chrono::microseconds> parse_duration(std::string_view text) {
  constexpr auto longest =
      static_cast<std::uint64_t>(std::chrono::microseconds{std::chrono::hours{24 * 365 * 100}}.count());
  if (text == "0")
    return std::chrono::microseconds{0};
  if (const auto parts = split(text))
    if (const auto microseconds = weigh(*parts, durations, longest))
      return std::chrono::microseconds{static_cast<std::int64_t>(*microseconds)};
  return expected("a time with a unit, such as \"300us\", \"60s\" or \"48h\"");
}

}  // namespace sluice::schemas
