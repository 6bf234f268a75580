// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_attributes.hpp"

#include <array>
#include <cstdint>

#include "schemas/json.hpp"

namespace sluice::http {
namespace {

using schemas::image;
using text = std::optional<std::string>;

text non_empty(const std::string& value) {
  return value.empty() ? text{} : text{value};
}

text boolean(bool value) {
  return value ? "true" : "false";
}

struct attribute {
  std::string_view name;
  text (*read)(const image&);
};

constexpr std::array attributes{
    attribute{"id", [](const image& of) -> text { return of.id; }},
    attribute{"name", [](const image& of) -> text { return of.properties.name; }},
    attribute{"status", [](const image& of) -> text { return std::string{to_string(of.status)}; }},
    attribute{"owner", [](const image& of) -> text { return of.owner; }},
    attribute{"visibility", [](const image& of) -> text { return std::string{schemas::visibility_of(of)}; }},
    attribute{"protected", [](const image& of) -> text { return boolean(of.properties.is_protected); }},
    attribute{"os_hidden", [](const image& of) -> text { return boolean(of.properties.os_hidden); }},
    attribute{"disk_format", [](const image& of) -> text { return of.properties.disk_format; }},
    attribute{"container_format", [](const image& of) -> text { return of.properties.container_format; }},
    attribute{"min_disk", [](const image& of) -> text { return sortable_number(of.properties.min_disk); }},
    attribute{"min_ram", [](const image& of) -> text { return sortable_number(of.properties.min_ram); }},
    attribute{"size",
              [](const image& of) -> text { return of.facts ? text{sortable_number(of.facts->size)} : text{}; }},
    attribute{
        "virtual_size",
        [](const image& of) -> text { return of.facts ? text{sortable_number(of.facts->virtual_size)} : text{}; }},
    attribute{"checksum", [](const image& of) -> text { return of.facts ? non_empty(of.facts->md5) : text{}; }},
    attribute{"os_hash_algo",
              [](const image& of) -> text { return of.facts ? non_empty(of.facts->os_hash_algo) : text{}; }},
    attribute{"os_hash_value",
              [](const image& of) -> text { return of.facts ? non_empty(of.facts->os_hash_value) : text{}; }},
    attribute{"created_at", [](const image& of) -> text { return schemas::glance_time(of.created_at); }},
    attribute{"updated_at", [](const image& of) -> text { return schemas::glance_time(of.updated_at); }},
};

}  // namespace

text attribute_of(const image& record, std::string_view name) {
  for (const auto& each : attributes)
    if (each.name == name)
      return each.read(record);
  const auto found = record.properties.extra.find(std::string{name});
  return found == record.properties.extra.end() ? text{} : text{found->second};
}

std::string sortable_number(std::uint64_t value) {
  const auto digits = std::to_string(value);
  return std::string(20 - digits.size(), '0') + digits;
}

}  // namespace sluice::http
