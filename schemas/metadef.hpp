// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

/// Metadata definitions: what properties there are in a cloud, what they mean, and to which kinds of resource they
/// apply. Horizon shows them, people choose from them; the service itself does nothing by them. A namespace holds its
/// objects, properties, tags and associations with resource types; they come and go with it.
namespace sluice::schemas {

inline constexpr std::size_t longest_metadef_name = 80;  ///< code points: Glance's columns
inline constexpr std::size_t most_metadefs = 1000;       ///< objects, properties or tags of a namespace, each
inline constexpr std::size_t most_metadef_associations = 100;
inline constexpr std::size_t most_metadef_bytes = std::size_t{512} << 10;  ///< of a namespace's contents, encoded
inline constexpr std::size_t most_metadef_namespaces = 1000;               ///< in the whole service

/// The resource types that Glance's own definitions speak of: there from the start, in the order of their names.
inline constexpr std::array<std::string_view, 6> seeded_resource_types{"OS::Cinder::Volume",  "OS::Glance::Image",
                                                                       "OS::Nova::Aggregate", "OS::Nova::Flavor",
                                                                       "OS::Nova::Server",    "OS::Trove::Instance"};

/// A namespace's properties apply to resources of a type, there with a prefix.
struct metadef_association {
  std::string name;  ///< of the resource type
  std::optional<std::string> prefix, properties_target;
  time_point created_at{}, updated_at{};

  friend bool operator==(const metadef_association&, const metadef_association&) = default;
};

struct metadef_property {
  std::string name;
  std::string definition;  ///< a JSON object: type, title, … in the order in which it is shown; without the name
  time_point created_at{}, updated_at{};

  friend bool operator==(const metadef_property&, const metadef_property&) = default;
};

/// Properties that belong together.
struct metadef_object {
  std::string name;
  std::optional<std::string> description;
  std::optional<std::vector<std::string>> required;
  std::vector<metadef_property> properties;  ///< their times are not kept
  time_point created_at{}, updated_at{};

  friend bool operator==(const metadef_object&, const metadef_object&) = default;
};

struct metadef_tag {
  std::string name;
  time_point created_at{}, updated_at{};

  friend bool operator==(const metadef_tag&, const metadef_tag&) = default;
};

/// The durable record of a namespace with everything in it. Its lists are in the order in which things were added.
struct metadef_namespace {
  std::string name;
  std::optional<std::string> display_name, description;
  bool is_public = false;
  bool is_protected = false;
  std::string owner;  ///< project id
  time_point created_at{}, updated_at{};
  std::vector<metadef_association> associations;
  std::vector<metadef_object> objects;
  std::vector<metadef_property> properties;
  std::vector<metadef_tag> tags;
  /// Another one with each change, never used twice for a name, never 0: a change computed against a record that is no
  /// longer the latest is refused when it is written.
  std::uint64_t revision = 1;

  friend bool operator==(const metadef_namespace&, const metadef_namespace&) = default;
};

/// A record in place of the revision that it was computed from, and of no other; 0 = of none.
struct metadef_replacement {
  metadef_namespace record;
  std::uint64_t replaces = 0;
};

/// What a change takes away: that revision, and no other.
struct metadef_erasure {
  std::string name;
  std::uint64_t revision = 0;
};

/// Owner, admin, or a public one.
[[nodiscard]] inline bool may_see(const identity& who, const metadef_namespace& subject) noexcept {
  return subject.is_public || subject.owner == who.project_id || who.is_admin();
}

/// The one of that name; the end when there is none.
template <class List>
[[nodiscard]] auto find_named(List& list, std::string_view name) noexcept {
  return std::ranges::find_if(list, [name](const auto& each) { return each.name == name; });
}

/// Refused with `quota_exceeded` when it holds more than a namespace may, or the encoded contents are too long.
[[nodiscard]] result<void> check_bounds(const metadef_namespace& subject);

/// The record in two parts, so that a listing reads no contents. Versioned like all records.
[[nodiscard]] std::string encode_head(const metadef_namespace& record);      ///< all but objects, properties and tags
[[nodiscard]] std::string encode_contents(const metadef_namespace& record);  ///< these
[[nodiscard]] result<metadef_namespace> decode_metadef_head(std::string_view bytes);
/// Adds them to `into`.
[[nodiscard]] result<void> decode_metadef_contents(std::string_view bytes, metadef_namespace& into);

/// Both parts in one, as messages carry it.
[[nodiscard]] std::string encode(const metadef_namespace& record);
[[nodiscard]] result<metadef_namespace> decode_metadef_namespace(std::string_view bytes);

}  // namespace sluice::schemas
