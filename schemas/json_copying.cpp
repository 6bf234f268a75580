// SPDX-License-Identifier: Apache-2.0
#include "schemas/json_copying.hpp"

#include <charconv>

namespace sluice::schemas {
namespace {

json_writer copy_of_number(const std::string& text) {
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, whole); error == std::errc{} && stop == end)
    return whole;
  double other = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, other); error == std::errc{} && stop == end)
    return other;
  return text;
}

}  // namespace

json_writer copy_of(const json_value& value) {
  if (const auto* const flag = value.as_bool())
    return *flag;
  if (const auto* const number = value.as_number())
    return copy_of_number(number->text);
  if (const auto* const text = value.as_string())
    return *text;
  if (const auto* const list = value.as_array()) {
    auto copy = json_writer::array();
    for (const auto& element : *list)
      copy.push_back(copy_of(element));
    return copy;
  }
  if (const auto* const object = value.as_object()) {
    auto copy = json_writer::object();
    for (const auto& [name, member] : *object)
      copy[name] = copy_of(member);
    return copy;
  }
  return nullptr;
}

json_writer copy_of_text(std::string_view json) {
  const auto document = json.empty() ? result<json_value>{tl::unexpect, failure{}} : parse_json(json);
  return document ? copy_of(*document) : json_writer(nullptr);
}

}  // namespace sluice::schemas
