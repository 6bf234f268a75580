// SPDX-License-Identifier: Apache-2.0
#include "http/api/faults.hpp"

#include <string>

#include "http/server/negotiation.hpp"
#include "schemas/json.hpp"

namespace sluice::http {
namespace {

using schemas::error_code;
using schemas::failure;

constexpr std::string_view retry_after_seconds = "5";

/// Glance's own resources answer in Glance's shapes.
bool is_glance_resource(std::string_view path) noexcept {
  for (const std::string_view root : {"/v2/images", "/v2/schemas", "/v2/info", "/v2/tasks", "/v2/metadefs"})
    if (path == root || (path.starts_with(root) && path[root.size()] == '/'))
      return true;
  return false;
}

response in_form(const failure& why, unsigned status, fault_form form) {
  switch (form) {
    case fault_form::problem: break;
    case fault_form::glance_html:
      return {status, "text/html; charset=UTF-8",
              schemas::glance_error(why, static_cast<int>(status), schemas::glance_error_form::html)};
    case fault_form::glance_plain:
      return {status, "text/plain; charset=UTF-8",
              schemas::glance_error(why, static_cast<int>(status), schemas::glance_error_form::plain)};
    case fault_form::glance_json:
      return {status, "application/json",
              schemas::glance_error(why, static_cast<int>(status), schemas::glance_error_form::json)};
  }
  return {status, "application/problem+json", schemas::problem_json(why)};
}

}  // namespace

response fault(const failure& why, const request& asked, unsigned status) {
  if (status == 0)
    status = static_cast<unsigned>(schemas::describe(why.code).http_status);
  if (status < 400 || status > 599)  // a code that only ends imports must not get here; if it does, it is our fault
    status = 500;
  const auto form =
      is_glance_resource(asked.target.path) ? preferred_fault_form(asked.field("Accept")) : fault_form::problem;
  auto given = in_form(why, status, form);
  if (status == 429 || status == 503)
    given.fields.emplace_back("Retry-After", retry_after_seconds);
  return given;
}

response not_permitted(schemas::policy_rule rule, const request& asked) {
  return fault(
      failure{error_code::forbidden, "You are not authorized to complete " + std::string{to_string(rule)} + " action."},
      asked);
}

response no_such_import(std::string_view id, const request& asked) {
  return fault(failure{error_code::not_found, "There is no image-import with the id \"" +
                                                  std::string{id.substr(0, longest_echoed_id)} + "\"."},
               asked);
}

response no_such_image(std::string_view id, const request& asked) {
  return fault(failure{error_code::not_found, "No image found with ID " + std::string{id.substr(0, longest_echoed_id)}},
               asked);
}

}  // namespace sluice::http
