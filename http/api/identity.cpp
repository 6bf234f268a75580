// SPDX-License-Identifier: Apache-2.0
#include "http/api/identity.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "http/tokens/token_digest.hpp"

namespace sluice::http {
namespace {

using schemas::error_code;
using schemas::identity;
using schemas::refuse;
using schemas::result;

constexpr std::size_t longest_value = 255;

bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// The one value of `name`; empty when it is absent.
result<std::string_view> single_field(const request& asked, std::string_view name, error_code code) {
  const auto [first, last] = asked.fields.equal_range(name);
  if (first == last)
    return std::string_view{};
  if (std::next(first) != last)
    return refuse(code, "The header " + std::string{name} + " must not be repeated.");
  const std::string_view value{first->value()};
  if (value.size() > longest_value || !is_printable(value))
    return refuse(code, "The header " + std::string{name} + " must hold at most 255 printable ASCII characters.");
  return value;
}

std::vector<std::string> split_roles(std::string_view text) {
  std::vector<std::string> roles;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    auto role = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!role.empty() && role.front() == ' ')
      role.remove_prefix(1);
    while (!role.empty() && role.back() == ' ')
      role.remove_suffix(1);
    if (role.empty())
      continue;
    std::string name{role};
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    roles.push_back(std::move(name));
  }
  return roles;
}

tl::unexpected<schemas::failure> unauthorized() {
  return refuse(error_code::unauthorized, "This request has not been authenticated.");
}

}  // namespace

result<std::string_view> token_in(const request& asked, std::string_view name) {
  const auto [first, last] = asked.fields.equal_range(name);
  if (first == last)
    return std::string_view{};
  const std::string_view token{first->value()};
  if (std::next(first) == last && may_be_token(token))
    return token;
  return refuse(error_code::unauthorized, "The header " + std::string{name} + " holds no token.");
}

result<identity> identify(const request& asked, const schemas::auth_configuration& configuration) {
  const bool trusted = configuration.mode == schemas::auth_mode::trusted_headers;
  if (configuration.mode == schemas::auth_mode::keystone)
    return unauthorized();
  const auto code = trusted ? error_code::unauthorized : error_code::invalid_request;
  const auto project = single_field(asked, "X-Project-Id", code);
  const auto user = single_field(asked, "X-User-Id", code);
  const auto roles = single_field(asked, "X-Roles", code);
  for (const auto* const field : {&project, &user, &roles})
    if (!*field)
      return tl::unexpected<schemas::failure>{field->error()};
  if (trusted) {
    const auto status = single_field(asked, "X-Identity-Status", code);
    if (!status || *status != "Confirmed" || project->empty())
      return unauthorized();
  }
  identity who;
  who.project_id = project->empty() ? "default" : std::string{*project};
  who.user_id = std::string{*user};
  who.roles = split_roles(roles->empty() && !trusted ? std::string_view{"member"} : *roles);
  return who;
}

}  // namespace sluice::http
