// SPDX-License-Identifier: Apache-2.0
#include "schemas/swift_sign_in.hpp"

#include "schemas/json_value.hpp"
#include "schemas/json_writing.hpp"

namespace sluice::schemas {
namespace {

constexpr json_limits answer_limits{largest_sign_in_answer, 16, 20'000, 20'000, false};

/// The text of a member; empty when there is none.
std::string_view text_of(const json_value& object, std::string_view name) {
  const auto* const member = object.find(name);
  const auto* const text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? std::string_view{} : std::string_view{*text};
}

const json_array* list_of(const json_value* object, std::string_view name) {
  const auto* const member = object == nullptr ? nullptr : object->find(name);
  return member == nullptr ? nullptr : member->as_array();
}

}  // namespace

std::string keystone_sign_in_request(const std::string& user, const std::string& key, const std::string& project,
                                     const std::string& domain) {
  const json_writer of_domain{{"name", domain}};
  const json_writer person{{"name", user}, {"password", key}, {"domain", of_domain}};
  json_writer methods = json_writer::array();
  methods.push_back("password");
  const json_writer document{
      {"auth",
       {{"identity", {{"methods", methods}, {"password", {{"user", person}}}}},
        {"scope", {{"project", {{"name", project}, {"domain", of_domain}}}}}}},
  };
  return written(document);
}

result<std::string> object_store_endpoint(std::string_view answer) {
  const auto document = parse_json(answer, answer_limits);
  if (!document)
    return refuse(error_code::source_protocol,
                  "Could not retrieve image. The answer to the sign-in is not the JSON of a Keystone token.");
  if (const auto* const catalog = list_of(document->find("token"), "catalog"))
    for (const auto& service : *catalog) {
      const auto* const endpoints = list_of(&service, "endpoints");
      if (endpoints == nullptr || text_of(service, "type") != "object-store")
        continue;
      for (const auto& endpoint : *endpoints)
        if (text_of(endpoint, "interface") == "public" && !text_of(endpoint, "url").empty())
          return std::string{text_of(endpoint, "url")};
    }
  return refuse(error_code::source_protocol,
                "Could not retrieve image. The catalog of the sign-in names no public object-store.");
}

}  // namespace sluice::schemas
