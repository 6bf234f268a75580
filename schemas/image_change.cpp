// SPDX-License-Identifier: Apache-2.0
#include "schemas/image_change.hpp"

#include <algorithm>
#include <utility>

#include "schemas/image_properties_reading.hpp"
#include "schemas/json_value.hpp"

namespace sluice::schemas {
namespace {

tl::unexpected<failure> not_permitted(std::string words) {
  return refuse(error_code::forbidden, std::move(words));
}

/// The first question of every change: absent, somebody else's, or the caller's own.
result<void> check_may_change(const identity& who, bool is_member, const image& subject) {
  if (!may_see(who, subject, is_member))
    return tl::unexpected{no_image(subject.id)};
  if (!may_change(who, subject))
    return not_permitted("You do not own this image.");
  return {};
}

/// Attributes that every image has; all others are properties that come and go.
bool is_base(std::string_view name) {
  constexpr std::string_view names[]{"name",    "tags",      "disk_format", "container_format", "min_disk",
                                     "min_ram", "protected", "visibility",  "os_hidden",        "owner"};
  return std::ranges::find(names, name) != std::end(names);
}

result<void> set_owner(const json_value& value, const identity& who, image& subject) {
  if (!who.is_admin())
    return not_permitted("Owner can't be updated by non admin.");
  const auto* const owner = value.as_string();
  if (owner == nullptr || owner->empty() || owner->size() > 255)
    return refuse(error_code::invalid_request, "Expected the id of a project, got something else.", "/owner");
  subject.owner = *owner;
  return {};
}

result<void> set(const std::string& name, const json_value& value, const identity& who, image& subject) {
  if (name == "owner")
    return set_owner(value, who, subject);
  const bool is_format = name == "disk_format" || name == "container_format";
  if (is_format && subject.status != image_status::queued)
    return not_permitted("Attribute " + name + " can be only replaced for a queued image.");
  return set_image_property(name, value, subject.properties);
}

result<void> remove(const std::string& name, image& subject) {
  if (is_base(name))
    return not_permitted("Property " + name + " may not be removed.");
  if (subject.properties.extra.erase(name) == 0)
    return refuse(error_code::conflict, "Property " + name + " does not exist.");
  return {};
}

result<void> apply_one(const image_change& change, const identity& who, image& subject) {
  const auto& name = change.attribute;
  if (const auto allowed = may_be_set(name); !allowed)
    return allowed;
  const bool present = is_base(name) || subject.properties.extra.contains(name);
  switch (change.what) {
    case image_change::kind::remove: return remove(name, subject);
    case image_change::kind::replace:
      if (!present)
        return refuse(error_code::conflict, "Property " + name + " does not exist.");
      break;
    case image_change::kind::add:
      if (present && change.only_if_absent)
        return refuse(error_code::conflict, "Property " + name + " already present.");
      break;
  }
  const auto wrapped = parse_json("[" + change.value + "]");  // a document is read from an array or object down
  if (!wrapped)
    return tl::unexpected{wrapped.error()};
  if (wrapped->as_array()->size() != 1)
    return refuse(error_code::invalid_request, "Expected one value for " + name + ", got another number.");
  return set(name, wrapped->as_array()->front(), who, subject);
}

result<void> move_between(image_status from, image_status to, std::string_view action, image& subject) {
  if (subject.status == to)
    return {};
  if (subject.status != from)
    return not_permitted("Not allowed to " + std::string{action} + " image in status '" +
                         std::string{to_string(subject.status)} + "'.");
  subject.status = to;
  return {};
}

result<void> add_tag(const std::string& tag, image& subject) {
  auto& tags = subject.properties.tags;
  const auto place = std::ranges::lower_bound(tags, tag);
  if (place != tags.end() && *place == tag)
    return {};
  if (tags.size() >= most_tags)
    return refuse(error_code::quota_exceeded, "Image tag limit exceeded for image " + subject.id + ": the maximum is " +
                                                  std::to_string(most_tags) + " tags.");
  tags.insert(place, tag);
  return {};
}

result<void> remove_tag(const std::string& tag, image& subject) {
  auto& tags = subject.properties.tags;
  const auto place = std::ranges::lower_bound(tags, tag);
  if (place == tags.end() || *place != tag)
    return refuse(error_code::not_found, "The image does not have this tag.");
  tags.erase(place);
  return {};
}

}  // namespace

failure no_image(const std::string& id) {
  return {error_code::not_found, "No image found with ID " + id};
}

result<void> apply(const image_changes& changes, const identity& who, bool is_member, image& subject) {
  if (auto allowed = check_may_change(who, is_member, subject); !allowed)
    return allowed;
  auto changed = subject;
  for (const auto& each : changes)
    if (auto made = apply_one(each, who, changed); !made)
      return made;
  subject = std::move(changed);
  return {};
}

result<void> apply(const image_action& action, const identity& who, bool is_member, image& subject) {
  if (auto allowed = check_may_change(who, is_member, subject); !allowed)
    return allowed;
  switch (action.what) {
    case image_action::kind::add_tag: return add_tag(action.tag, subject);
    case image_action::kind::remove_tag: return remove_tag(action.tag, subject);
    case image_action::kind::deactivate:
      return move_between(image_status::active, image_status::deactivated, "deactivate", subject);
    case image_action::kind::reactivate: break;
  }
  return move_between(image_status::deactivated, image_status::active, "reactivate", subject);
}

namespace {

/// What another Glance said of the image takes the place of what was said here. Together they are no more than an image
/// may have.
result<void> take_described(image& subject) {
  for (auto& [name, value] : subject.facts->described) {
    if (name != "container_format")
      subject.properties.extra.insert_or_assign(name, std::move(value));
    else if (subject.facts->unpacked_from != "ova")
      subject.properties.container_format = std::move(value);
  }
  subject.facts->described.clear();
  const auto own = std::ranges::count_if(
      subject.properties.extra, [](const auto& property) { return !property.first.starts_with("os_glance_"); });
  if (static_cast<std::size_t>(own) > most_extra_properties)
    return refuse(error_code::quota_exceeded, "The image and the one that it was downloaded from have more than " +
                                                  std::to_string(most_extra_properties) +
                                                  " properties together. Remove some.");
  return {};
}

}  // namespace

result<void> apply(const image_transition& transition, image& subject) {
  const auto now = std::string{to_string(subject.status)};
  if (std::ranges::find(transition.from, subject.status) == transition.from.end())
    return refuse(error_code::conflict, "Image " + subject.id + " is " + now + "; this cannot be done to it now.");
  if (subject.status != transition.to && !may_become(subject.status, transition.to))
    return refuse(error_code::conflict, "Image status transition from " + now + " to " +
                                            std::string{to_string(transition.to)} + " is not allowed");
  auto& extra = subject.properties.extra;
  for (const auto& name : transition.unless_properties)
    if (extra.contains(name))
      return refuse(error_code::conflict, "Image " + subject.id + " has an operation of this kind under way already.");
  subject.status = transition.to;
  for (const auto& [name, value] : transition.put_properties)
    extra.insert_or_assign(name, value);
  for (const auto& name : transition.erase_properties)
    extra.erase(name);
  if (transition.forget_facts)
    subject.facts.reset();
  if (transition.facts) {
    subject.facts = transition.facts;
    if (!transition.facts->disk_format.empty()) {
      subject.properties.disk_format = transition.facts->disk_format;
      // The disk of an OVA is kept without the archive that was around it.
      if (!subject.properties.container_format || transition.facts->unpacked_from == "ova")
        subject.properties.container_format = "bare";
    }
    return take_described(subject);
  }
  return {};
}

result<image_member> apply(const member_change& change, const identity& who, bool is_member, const image& subject,
                           const std::optional<image_member>& present, std::size_t count, time_point now) {
  if (!may_see(who, subject, is_member))
    return tl::unexpected{no_image(subject.id)};
  const bool owns = !who.is_admin() && may_change(who, subject);
  const bool may_share = who.is_admin() || owns;
  const bool adds = change.what == member_change::kind::add;
  const auto what = [&]() -> std::string_view {
    switch (change.what) {
      case member_change::kind::add: return "create";
      case member_change::kind::set_status: return "update";
      case member_change::kind::remove: break;
    }
    return "delete";
  };
  const auto not_allowed = [&] {
    return not_permitted("Not allowed to " + std::string{what()} + " members for image " + subject.id + ".");
  };
  const bool decides = change.what == member_change::kind::set_status;
  if (visibility_of(subject) != "shared" || (decides ? owns : !may_share))
    return not_allowed();
  // A project sees its own membership only, whoever else is a member.
  const bool shown = present && (may_share || present->member_id == who.project_id);
  if (!adds && !shown)
    return refuse(error_code::not_found,
                  change.member_id + " not found in the member list of the image " + subject.id + ".");
  if (adds && present)
    return refuse(error_code::conflict, "Member " + change.member_id + " is duplicated for image " + subject.id);
  if (adds && count >= most_members)
    return refuse(error_code::quota_exceeded, "Image member limit exceeded for image " + subject.id +
                                                  ": the maximum is " + std::to_string(most_members) + " members.");
  auto after = present.value_or(image_member{subject.id, change.member_id, member_status::pending, now, now});
  if (decides) {
    after.status = change.status;
    after.updated_at = now;
  }
  return after;
}

result<void> may_create(const identity& who, const image& draft) {
  if (!who.is_admin() && draft.owner != who.project_id)
    return not_permitted("You are not permitted to create images owned by '" + draft.owner + "'.");
  return {};
}

}  // namespace sluice::schemas
