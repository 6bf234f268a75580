// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Which roles may do what, in one table: `[policy]` of the configuration. The names are those of Glance's policy where
/// Glance has one. Roles are all that a rule asks for: whose image it is, and whether it may be seen at all, is decided
/// beside it and holds for every role but admin.
namespace sluice::schemas {

struct identity;

enum class policy_rule : std::uint8_t {
  get_images,
  get_image,
  download_image,
  add_image,
  modify_image,
  upload_image,
  delete_image,
  publicize_image,
  communitize_image,
  deactivate,
  reactivate,
  copy_image,
  get_members,
  add_member,
  modify_member,
  delete_member,
  tasks_api_access,
  get_metadefs,
  modify_metadefs,
  stores_info,
  stores_info_detail,
  get_usage,
  manage_image_cache,
  get_image_imports,
  add_image_import,
  delete_image_import,
};

constexpr std::size_t policy_rule_count = static_cast<std::size_t>(policy_rule::delete_image_import) + 1;

struct policy_rule_description {
  policy_rule rule;
  std::string_view name;
  std::span<const std::string_view> default_roles;
};

/// All rules, in enumeration order.
[[nodiscard]] std::span<const policy_rule_description> policy_rules() noexcept;
[[nodiscard]] std::string_view to_string(policy_rule rule) noexcept;
/// The inverse of `to_string`; empty for an unknown name.
[[nodiscard]] std::optional<policy_rule> policy_rule_from(std::string_view name) noexcept;

/// `[policy]`: for each rule the roles of which one is enough.
class policy {
 public:
  policy();  ///< the defaults

  [[nodiscard]] bool allows(policy_rule rule, const identity& who) const noexcept;
  /// Roles are lower case, as those of an identity.
  void set(policy_rule rule, std::vector<std::string> roles) {
    roles_[static_cast<std::size_t>(rule)] = std::move(roles);
  }
  [[nodiscard]] const std::vector<std::string>& roles(policy_rule rule) const noexcept {
    return roles_[static_cast<std::size_t>(rule)];
  }

  /// Key `roles`: names of roles beyond admin, member and reader that rules may use.
  std::vector<std::string> further_roles;

  friend bool operator==(const policy&, const policy&) = default;

 private:
  std::array<std::vector<std::string>, policy_rule_count> roles_;
};

}  // namespace sluice::schemas
