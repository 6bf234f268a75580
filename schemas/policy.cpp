// SPDX-License-Identifier: Apache-2.0
#include "schemas/policy.hpp"

#include <algorithm>

#include "schemas/image_import.hpp"

namespace sluice::schemas {
namespace {

using enum policy_rule;

constexpr std::array<std::string_view, 3> everybody{"admin", "member", "reader"};
constexpr std::array<std::string_view, 2> all_but_readers{"admin", "member"};
constexpr std::array<std::string_view, 1> administrators{"admin"};

constexpr std::array table{
    policy_rule_description{get_images, "get_images", everybody},
    policy_rule_description{get_image, "get_image", everybody},
    policy_rule_description{download_image, "download_image", everybody},
    policy_rule_description{add_image, "add_image", all_but_readers},
    policy_rule_description{modify_image, "modify_image", all_but_readers},
    policy_rule_description{upload_image, "upload_image", all_but_readers},
    policy_rule_description{delete_image, "delete_image", all_but_readers},
    policy_rule_description{publicize_image, "publicize_image", administrators},
    policy_rule_description{communitize_image, "communitize_image", all_but_readers},
    policy_rule_description{deactivate, "deactivate", all_but_readers},
    policy_rule_description{reactivate, "reactivate", all_but_readers},
    policy_rule_description{copy_image, "copy_image", administrators},
    policy_rule_description{get_members, "get_members", everybody},
    policy_rule_description{add_member, "add_member", all_but_readers},
    policy_rule_description{modify_member, "modify_member", all_but_readers},
    policy_rule_description{delete_member, "delete_member", all_but_readers},
    policy_rule_description{tasks_api_access, "tasks_api_access", all_but_readers},
    policy_rule_description{get_metadefs, "get_metadefs", everybody},
    policy_rule_description{modify_metadefs, "modify_metadefs", administrators},
    policy_rule_description{stores_info, "stores_info", everybody},
    policy_rule_description{stores_info_detail, "stores_info_detail", administrators},
    policy_rule_description{get_usage, "get_usage", everybody},
    policy_rule_description{manage_image_cache, "manage_image_cache", administrators},
    policy_rule_description{get_image_imports, "get_image_imports", everybody},
    policy_rule_description{add_image_import, "add_image_import", all_but_readers},
    policy_rule_description{delete_image_import, "delete_image_import", all_but_readers},
};

constexpr bool in_enumeration_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].rule != static_cast<policy_rule>(i))
      return false;
  return table.size() == policy_rule_count;
}
static_assert(in_enumeration_order(), "every rule needs its row, in the order of the enumeration");

}  // namespace

std::span<const policy_rule_description> policy_rules() noexcept {
  return table;
}

std::string_view to_string(policy_rule rule) noexcept {
  return table[static_cast<std::size_t>(rule)].name;
}

std::optional<policy_rule> policy_rule_from(std::string_view name) noexcept {
  const auto* const row = std::ranges::find(table, name, &policy_rule_description::name);
  if (row == table.end())
    return std::nullopt;
  return row->rule;
}

policy::policy() {
  for (const auto& row : table)
    set(row.rule, {row.default_roles.begin(), row.default_roles.end()});
}

bool policy::allows(policy_rule rule, const identity& who) const noexcept {
  return std::ranges::any_of(roles(rule), [&who](const std::string& role) { return who.has_role(role); });
}

}  // namespace sluice::schemas
