// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/json.hpp"
#include "schemas/metadef.hpp"

/// Answers of /v2/metadefs, member by member in Glance's order. What is not set is left out.
namespace sluice::schemas {

/// How much of a namespace is shown.
enum class metadef_view : std::uint8_t {
  head,    ///< in listings, and after a change: what it is, and its associations in listings
  listed,  ///< with its associations
  whole,   ///< with its objects, properties and tags as well
};

/// With `resource_type`, names of properties carry the prefix that the association with that type gives them.
[[nodiscard]] std::string metadef_namespace_json(const metadef_namespace& record, metadef_view view,
                                                 std::string_view resource_type = {});
[[nodiscard]] std::string metadef_namespaces_json(const std::vector<metadef_namespace>& page, const page_links& links);
[[nodiscard]] std::string metadef_object_json(std::string_view of, const metadef_object& record);
[[nodiscard]] std::string metadef_objects_json(std::string_view of, const std::vector<metadef_object>& page);
[[nodiscard]] std::string metadef_property_json(const metadef_property& record);
[[nodiscard]] std::string metadef_properties_json(const std::vector<metadef_property>& all);
[[nodiscard]] std::string metadef_tag_json(const metadef_tag& record);
[[nodiscard]] std::string metadef_tags_json(const std::vector<metadef_tag>& page);
[[nodiscard]] std::string metadef_association_json(const metadef_association& record);
[[nodiscard]] std::string metadef_associations_json(const std::vector<metadef_association>& all);
/// The resource types there are: names alone.
[[nodiscard]] std::string metadef_resource_types_json(const std::vector<std::string>& names);

/// The schema of a kind of definition, as Glance publishes it: "namespace", "namespaces", "object", …; compiled in
/// from schemas/published/metadefs/*.json. Empty for an unknown name.
[[nodiscard]] std::string_view published_metadef_schema(std::string_view name) noexcept;

}  // namespace sluice::schemas
