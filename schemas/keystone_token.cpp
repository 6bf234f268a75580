// SPDX-License-Identifier: Apache-2.0
#include "schemas/keystone_token.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "schemas/json_value.hpp"
#include "schemas/json_writing.hpp"

namespace sluice::schemas {
namespace {

constexpr std::size_t longest_id = 64;     // of Keystone's own database
constexpr std::size_t longest_name = 255;  // of roles
constexpr std::size_t most_roles = 1000;
constexpr std::size_t most_endpoints = 5000;

/// A catalog of a large cloud has hundreds of services with three endpoints in several regions each.
json_limits limits_of_a_token() {
  json_limits limits;
  limits.bytes = std::size_t{1} << 20;
  limits.depth = 16;
  limits.members = 60'000;
  limits.elements = 20'000;
  return limits;
}

tl::unexpected<failure> not_a_token(std::string_view what) {
  return refuse(error_code::overloaded,
                "Keystone's answer is not a token: " + std::string{what} + ". Check [auth.keystone] url.");
}

bool is_plain(std::string_view text, std::size_t longest) noexcept {
  return text.size() <= longest && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// The text `object[name]`; empty when there is none.
std::string_view text_of(const json_value& object, std::string_view name) noexcept {
  const auto* const member = object.find(name);
  const auto* const text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? std::string_view{} : std::string_view{*text};
}

/// The id of what stands under `name`, such as the project; empty when there is none.
std::string_view id_of(const json_value& token, std::string_view name) noexcept {
  const auto* const member = token.find(name);
  return member == nullptr ? std::string_view{} : text_of(*member, "id");
}

std::string in_lower_case(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::optional<std::vector<std::string>> read_roles(const json_value& token) {
  std::vector<std::string> roles;
  const auto* const member = token.find("roles");
  if (member == nullptr)
    return roles;
  const auto* const list = member->as_array();
  if (list == nullptr || list->size() > most_roles)
    return std::nullopt;
  for (const auto& role : *list) {
    const auto name = text_of(role, "name");
    if (name.empty() || name.size() > longest_name)
      return std::nullopt;
    roles.push_back(in_lower_case(name));
  }
  return roles;
}

std::vector<catalog_endpoint> read_catalog(const json_value& token) {
  std::vector<catalog_endpoint> out;
  const auto* const member = token.find("catalog");
  const auto* const services = member == nullptr ? nullptr : member->as_array();
  if (services == nullptr)
    return out;
  for (const auto& service : *services) {
    const auto* const inner = service.find("endpoints");
    const auto* const endpoints = inner == nullptr ? nullptr : inner->as_array();
    if (endpoints == nullptr)
      continue;
    for (const auto& each : *endpoints) {
      if (out.size() == most_endpoints)
        return out;
      catalog_endpoint endpoint;
      endpoint.type = text_of(service, "type");
      endpoint.interface = text_of(each, "interface");
      endpoint.region = text_of(each, "region");
      endpoint.url = text_of(each, "url");
      out.push_back(std::move(endpoint));
    }
  }
  return out;
}

/// `size` digits of `text` from `at` on, as a number; below 0 when they are none.
int digits(std::string_view text, std::size_t at, std::size_t size) noexcept {
  int value = -1;
  if (text.size() < at + size)
    return value;
  const auto part = text.substr(at, size);
  if (!std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; }))
    return value;
  std::from_chars(part.data(), part.data() + part.size(), value);
  return value;
}

}  // namespace

result<time_point> parse_keystone_time(std::string_view text) {
  const auto wrong = [] { return not_a_token("expected a time such as 2026-01-31T23:59:59.000000Z"); };
  constexpr std::string_view shape = "....-..-..T..:..:..";
  if (text.size() <= shape.size() || text.size() > shape.size() + 12 || text.back() != 'Z')
    return wrong();
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != '.' && shape[i] != text[i])
      return wrong();
  const auto fraction = text.substr(shape.size(), text.size() - shape.size() - 1);
  if (!fraction.empty() && (fraction.size() < 2 || fraction.front() != '.' ||
                            digits(fraction, 1, std::min<std::size_t>(fraction.size() - 1, 9)) < 0))
    return wrong();
  const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60)
    return wrong();
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok())
    return wrong();
  return time_point{std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                    std::chrono::seconds{second}};
}

result<keystone_token> parse_keystone_token(std::string_view body) {
  const auto document = parse_json(body, limits_of_a_token());
  if (!document)
    return not_a_token("it is not sound JSON of at most 1 MiB");
  const auto* const token = document->find("token");
  if (token == nullptr || token->as_object() == nullptr)
    return not_a_token("expected an object under \"token\"");
  const auto user = id_of(*token, "user");
  const auto project = id_of(*token, "project");
  if (user.empty() || !is_plain(user, longest_id) || !is_plain(project, longest_id))
    return not_a_token("expected the ids of a user and of a project");
  auto roles = read_roles(*token);
  if (!roles)
    return not_a_token("expected roles with names");
  const auto expires_at = parse_keystone_time(text_of(*token, "expires_at"));
  if (!expires_at)
    return tl::unexpected<failure>{expires_at.error()};
  keystone_token out;
  out.who.user_id = user;
  out.who.project_id = project;
  out.who.roles = std::move(*roles);
  out.expires_at = *expires_at;
  out.catalog = read_catalog(*token);
  return out;
}

std::string keystone_login(const keystone_configuration& keystone, const std::string& secret) {
  json_writer document;
  auto& auth = document["auth"];
  auto& identity = auth["identity"];
  if (!keystone.application_credential_id.empty()) {
    identity["methods"] = json_writer::array({"application_credential"});
    identity["application_credential"] = {{"id", keystone.application_credential_id}, {"secret", secret}};
    return written(document);
  }
  identity["methods"] = json_writer::array({"password"});
  identity["password"]["user"] = {
      {"name", keystone.username}, {"domain", {{"name", keystone.user_domain}}}, {"password", secret}};
  auth["scope"]["project"] = {{"name", keystone.project}, {"domain", {{"name", keystone.project_domain}}}};
  return written(document);
}

}  // namespace sluice::schemas
