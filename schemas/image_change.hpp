// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schemas/failure.hpp"
#include "schemas/image.hpp"
#include "schemas/image_member.hpp"

/// Every way in which an image changes, as values, and what each does to a record. Pure: the same functions decide
/// whether a change is allowed and make it, so that nothing can lie between the two. An image that the caller may not
/// see is answered as absent (`not_found`), whatever was asked.
namespace sluice::schemas {

/// One step of a PATCH: an attribute and the JSON that it shall become.
struct image_change {
  enum class kind : std::uint8_t { add, replace, remove };
  kind what = kind::replace;
  std::string attribute;
  std::string value;            ///< JSON text; empty for `remove`
  bool only_if_absent = false;  ///< `add` of the old dialect: conflict when the attribute is there

  friend bool operator==(const image_change&, const image_change&) = default;
};
using image_changes = std::vector<image_change>;

/// What is asked of an image other than by PATCH.
struct image_action {
  enum class kind : std::uint8_t { add_tag, remove_tag, deactivate, reactivate };
  kind what = kind::add_tag;
  std::string tag;  ///< of the first two

  friend bool operator==(const image_action&, const image_action&) = default;
};

/// What is asked of the members of an image.
struct member_change {
  enum class kind : std::uint8_t { add, set_status, remove };
  kind what = kind::add;
  std::string member_id;
  member_status status = member_status::pending;  ///< of `set_status`

  friend bool operator==(const member_change&, const member_change&) = default;
};

/// A move of the service's own: an upload or import begins, ends or fails. Nobody's permission is looked at.
struct image_transition {
  std::string image_id;
  std::vector<image_status> from;  ///< any other status is a conflict
  image_status to = image_status::queued;
  /// Set first, so that one move can say "it runs" and "for this task". Names of the service's own (os_glance_…) too.
  std::map<std::string, std::string> put_properties;
  std::vector<std::string> erase_properties;
  /// Properties that must not be there, else conflict: a lock is taken by naming it here and in `put_properties`.
  std::vector<std::string> unless_properties;
  /// Put in the place of the record's. With a disk_format, it and a container_format (bare unless set) become the
  /// image's own.
  std::optional<content_facts> facts;
  bool forget_facts = false;

  friend bool operator==(const image_transition&, const image_transition&) = default;
};

/// A sentence and its code for an image that is not there, or not for this caller.
[[nodiscard]] failure no_image(const std::string& id);

/// All changes or none, in their order. not_found, forbidden (403), conflict (409), invalid_request (400),
/// quota_exceeded (413).
[[nodiscard]] result<void> apply(const image_changes& changes, const identity& who, bool is_member, image& subject);
[[nodiscard]] result<void> apply(const image_action& action, const identity& who, bool is_member, image& subject);
[[nodiscard]] result<void> apply(const image_transition& transition, image& subject);

/// The member after the change (before it, for `remove`). `present`: that member now, `count`: how many there are;
/// `is_member`: the caller's project is one.
[[nodiscard]] result<image_member> apply(const member_change& change, const identity& who, bool is_member,
                                         const image& subject, const std::optional<image_member>& present,
                                         std::size_t count, time_point now);

/// May `who` make an image of this draft? Its owner is `who`'s project unless an administrator says otherwise.
[[nodiscard]] result<void> may_create(const identity& who, const image& draft);

inline constexpr std::size_t most_members = 128;  ///< of one image; Glance's image_member_quota

}  // namespace sluice::schemas
