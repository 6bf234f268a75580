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

/// The shortest way to write `number` in one of the units of `table`; the earlier unit of two equally short ones.
std::string shortest(std::uint64_t number, std::span<const unit> table, std::string_view suffix) {
  std::string best;
  for (const auto& each : table) {
    if (each.name.empty() || number % each.worth != 0)
      continue;
    auto text = std::to_string(number / each.worth).append(each.name).append(suffix);
    if (best.empty() || text.size() < best.size())
      best = std::move(text);
  }
  return best;
}

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

std::string spell_size(std::uint64_t bytes) {
  return shortest(bytes, sizes, "");
}

std::string spell_rate(std::uint64_t rate) {
  constexpr std::uint64_t bits_in_byte = 8;
  if (rate == 0)
    return {};
  auto in_bytes = shortest(rate, sizes, "/s");
  if (rate > largest / bits_in_byte)
    return in_bytes;
  auto in_bits = shortest(rate * bits_in_byte, bits_per_second, "");
  const bool whole_bits = rate % (kilo * kilo / bits_in_byte) == 0;  // who writes bits means at least megabits
  return whole_bits && in_bits.size() <= in_bytes.size() ? in_bits : in_bytes;
}

std::string spell_duration(std::chrono::microseconds time) {
  return shortest(static_cast<std::uint64_t>(time.count()), durations, "");
}

std::string spell_clock(std::chrono::minutes since_midnight) {
  const auto hours = since_midnight.count() / 60;
  const auto minutes = since_midnight.count() % 60;
  std::string text(5, ':');
  text[0] = static_cast<char>('0' + hours / 10);
  text[1] = static_cast<char>('0' + hours % 10);
  text[3] = static_cast<char>('0' + minutes / 10);
  text[4] = static_cast<char>('0' + minutes % 10);
  return text;
}

}  // namespace sluice::schemas
