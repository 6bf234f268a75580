// SPDX-License-Identifier: Apache-2.0
#include "schemas/json_value.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>

#include "schemas/json_writing.hpp"

namespace sluice::schemas {

const json_value* json_value::find(std::string_view name) const noexcept {
  const auto* const object = as_object();
  if (object == nullptr)
    return nullptr;
  const auto found = std::ranges::find(*object, name, &json_member::name);
  return found == object->end() ? nullptr : &found->value;
}

std::string json_pointer(std::string_view parent, std::string_view step) {
  constexpr std::size_t longest_step = 255;
  std::string pointer{parent};
  if (step.size() > longest_step)
    return pointer;
  pointer += '/';
  for (const char c : step) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

std::string json_text(const json_value& value) {
  if (const auto* const flag = value.as_bool())
    return *flag ? "true" : "false";
  if (const auto* const number = value.as_number())
    return number->text;
  if (const auto* const text = value.as_string())
    return written(json_writer(*text));
  std::string all;
  if (const auto* const array = value.as_array()) {
    for (const auto& element : *array)
      all.append(all.empty() ? "" : ",").append(json_text(element));
    return "[" + all + "]";
  }
  if (const auto* const object = value.as_object()) {
    for (const auto& [name, inner] : *object)
      all.append(all.empty() ? "" : ",").append(written(json_writer(name))).append(":").append(json_text(inner));
    return "{" + all + "}";
  }
  return "null";
}

result<std::uint64_t> whole_number(const json_value& value, std::uint64_t most, const std::string& pointer) {
  const auto wanted = "Expected a whole number from 0 to " + std::to_string(most);
  const auto* const number = value.as_number();
  if (number == nullptr)
    return refuse(error_code::invalid_request, wanted + ", got " + std::string{kind_of(value)} + '.', pointer);
  std::uint64_t whole = 0;
  const auto& text = number->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc{} || end != text.data() + text.size() || whole > most)
    return refuse(error_code::invalid_request, wanted + ", got another number.", pointer);
  return whole;
}

std::string_view kind_of(const json_value& value) noexcept {
  switch (value.content.index()) {
    case 0: return "null";
    case 1: return "a boolean";
    case 2: return "a number";
    case 3: return "a string";
    case 4: return "an array";
    default: return "an object";
  }
}

tl::unexpected<failure> expected(const std::string& what, const json_value* got, const std::string& pointer) {
  const auto came = got == nullptr ? std::string{"nothing"} : std::string{kind_of(*got)};
  return refuse(error_code::invalid_request, "Expected " + what + ", got " + came + '.', pointer);
}

result<void> only_known_members(const json_object& object, std::initializer_list<std::string_view> known,
                                std::string_view pointer) {
  for (const auto& member : object)
    if (std::ranges::find(known, member.name) == known.end()) {
      std::string names;
      for (const auto name : known)
        names += (names.empty() ? "" : ", ") + std::string{name};
      return refuse(error_code::unknown_member, "Expected only the members " + names + ", got another one.",
                    json_pointer(pointer, member.name));
    }
  return {};
}

}  // namespace sluice::schemas
