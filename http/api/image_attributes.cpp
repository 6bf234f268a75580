// SPDX-License-Identifier: Apache-2.0
#include "http/api/image_attributes.hpp"

#include <algorithm>
#include <array>

namespace sluice::http {
namespace {

struct attribute {
  std::string_view name;
  std::string schemas::content_facts::*member;
};

constexpr std::array attributes{
    attribute{"checksum", &schemas::content_facts::md5},
    attribute{"os_hash_algo", &schemas::content_facts::os_hash_algo},
    attribute{"os_hash_value", &schemas::content_facts::os_hash_value},
};

}  // namespace

std::optional<std::string_view> attribute_of(const schemas::image& record, std::string_view name) {
  const auto* const found = std::ranges::find(attributes, name, &attribute::name);
  if (found != attributes.end()) {
    const std::string_view value = record.facts ? std::string_view{(*record.facts).*found->member} : std::string_view{};
    return value.empty() ? std::optional<std::string_view>{} : value;
  }
  const auto property = record.properties.extra.find(std::string{name});
  return property == record.properties.extra.end() ? std::optional<std::string_view>{} : property->second;
}

}  // namespace sluice::http
