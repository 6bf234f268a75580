// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "schemas/units.hpp"

/// From one TOML value to one setting: each reader takes a node and fills a member, or complains.
namespace sluice::schemas::configuration_readers {

/// What is wrong, and with which value (inside an array or table it is the element).
struct complaint {
  const toml::node* at;
  std::string below;  ///< key below the setting's own, such as ".0.from"; mostly empty
  std::string words;  ///< "expected …"
};

/// Empty when the value was taken.
using outcome = std::optional<complaint>;

inline outcome complain(const toml::node& at, std::string words) {
  return complaint{&at, {}, std::move(words)};
}

inline outcome read_text(const toml::node& from, std::string& to) {
  const auto text = from.value_exact<std::string>();
  if (!text)
    return complain(from, "expected a string");
  to = *text;
  return std::nullopt;
}

inline outcome read_flag(const toml::node& from, bool& to) {
  const auto flag = from.value_exact<bool>();
  if (!flag)
    return complain(from, "expected true or false");
  to = *flag;
  return std::nullopt;
}

template <std::unsigned_integral Number>
outcome read_count(const toml::node& from, Number& to) {
  const auto number = from.value_exact<std::int64_t>();
  if (!number || !std::in_range<Number>(*number))
    return complain(from, "expected a whole number from 0 to " + std::to_string(std::numeric_limits<Number>::max()));
  to = static_cast<Number>(*number);
  return std::nullopt;
}

inline outcome read_number(const toml::node& from, double& to) {
  if (!from.is_number())
    return complain(from, "expected a number");
  to = from.value<double>().value_or(to);
  return std::nullopt;
}

/// A string with a unit, or a plain count of bytes.
inline outcome read_size(const toml::node& from, std::uint64_t& to) {
  if (from.is_integer())
    return read_count(from, to);
  const auto size = parse_size(from.value_exact<std::string>().value_or("?"));
  if (!size)
    return complain(from, size.error().message);
  to = *size;
  return std::nullopt;
}

/// A string with a unit; the empty one means no cap.
inline outcome read_rate(const toml::node& from, std::uint64_t& to) {
  const auto text = from.value_exact<std::string>().value_or("?");
  const auto rate = text.empty() ? result<std::uint64_t>{0} : parse_rate(text);
  if (!rate)
    return complain(from, rate.error().message);
  to = *rate;
  return std::nullopt;
}

template <class Period>
outcome read_time(const toml::node& from, std::chrono::duration<std::int64_t, Period>& to) {
  const auto time = parse_duration(from.value_exact<std::string>().value_or("?"));
  if (!time)
    return complain(from, time.error().message);
  to = std::chrono::duration_cast<std::chrono::duration<std::int64_t, Period>>(*time);
  return std::nullopt;
}

/// One of a few words; `choices` pairs each with what it means.
template <class Value>
outcome read_choice(const toml::node& from, Value& to,
                    std::initializer_list<std::pair<std::string_view, Value>> choices) {
  const auto word = from.value_exact<std::string>();
  std::string all;
  for (const auto& [name, value] : choices) {
    if (word == name) {
      to = value;
      return std::nullopt;
    }
    all += (all.empty() ? "\"" : ", \"") + std::string{name} + '"';
  }
  return complain(from, "expected one of " + all);
}

/// An array, each element by `read_element`. A complaint names the element.
template <class Element, class Read>
outcome read_list(const toml::node& from, std::vector<Element>& to, std::string_view of_what, Read read_element) {
  const auto* const list = from.as_array();
  if (list == nullptr)
    return complain(from, "expected an array of " + std::string{of_what});
  std::vector<Element> elements;
  for (const auto& node : *list) {
    Element element{};
    if (auto wrong = read_element(node, element)) {
      wrong->below = '.' + std::to_string(elements.size()) + wrong->below;
      return wrong;
    }
    elements.push_back(std::move(element));
  }
  to = std::move(elements);
  return std::nullopt;
}

/// A key of an entry that is not one of its known ones.
template <class Names>
outcome unknown_entry_key(const toml::table& entry, const Names& known) {
  for (const auto& [key, value] : entry)
    if (std::ranges::find(known, key.str()) == known.end()) {
      std::string names;
      for (const auto* const name : known)
        names += (names.empty() ? "" : ", ") + std::string{name};
      return complaint{&value, '.' + std::string{key.str()}, "expected one of the keys " + names};
    }
  return std::nullopt;
}

/// Reads `entry[key]`, when it is there, with `read`.
template <class Read, class Target>
outcome read_member(const toml::table& entry, std::string_view key, Read read, Target& to) {
  const auto* const value = entry.get(key);
  if (value == nullptr)
    return std::nullopt;
  auto wrong = read(*value, to);
  if (wrong)
    wrong->below = '.' + std::string{key} + wrong->below;
  return wrong;
}

inline outcome read_path(const toml::node& from, std::filesystem::path& to) {
  std::string text;
  auto wrong = read_text(from, text);
  if (!wrong)
    to = text;
  return wrong;
}

/// What is to be let in, or not.
inline outcome read_acceptance(const toml::node& from, bool& to) {
  return read_choice(from, to, {{"accept", true}, {"refuse", false}});
}

}  // namespace sluice::schemas::configuration_readers
