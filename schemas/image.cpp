// SPDX-License-Identifier: Apache-2.0
#include "schemas/image.hpp"

namespace sluice::schemas {
namespace {

bool owns(const identity& who, const image& subject) noexcept {
  return !subject.owner.empty() && who.project_id == subject.owner;
}

}  // namespace

bool may_see(const identity& who, const image& subject) noexcept {
  const auto& visibility = subject.properties.visibility;
  return may_change(who, subject) || visibility == "public" || visibility == "community";
}

bool may_change(const identity& who, const image& subject) noexcept {
  return who.is_admin() || owns(who, subject);
}

}  // namespace sluice::schemas
