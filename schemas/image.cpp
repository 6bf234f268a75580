// SPDX-License-Identifier: Apache-2.0
#include "schemas/image.hpp"

namespace sluice::schemas {
namespace {

bool owns(const identity& who, const image& subject) noexcept {
  return !subject.owner.empty() && who.project_id == subject.owner;
}

}  // namespace

std::string_view visibility_of(const image& subject) noexcept {
  return subject.properties.visibility ? std::string_view{*subject.properties.visibility} : std::string_view{"shared"};
}

bool may_see(const identity& who, const image& subject, bool is_member) noexcept {
  const auto visibility = visibility_of(subject);
  return may_change(who, subject) || visibility == "public" || visibility == "community" ||
         (is_member && visibility == "shared");
}

bool may_change(const identity& who, const image& subject) noexcept {
  return who.is_admin() || owns(who, subject);
}

}  // namespace sluice::schemas
