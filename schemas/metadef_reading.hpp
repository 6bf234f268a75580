// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "schemas/json_value.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/metadef.hpp"

/// The bodies of requests to /v2/metadefs. What Glance's schemas refuse is refused: `invalid_request` with the field;
/// an attribute that only the service sets is `forbidden`. Names hold 1 to 80 characters, and none that a path cannot.
/// Times are not set here.
namespace sluice::schemas {

/// `owner` is empty when the body has none.
[[nodiscard]] result<metadef_namespace> parse_metadef_namespace(std::string_view body);
[[nodiscard]] result<metadef_object> parse_metadef_object(std::string_view body);
[[nodiscard]] result<metadef_property> parse_metadef_property(std::string_view body);
[[nodiscard]] result<metadef_tag> parse_metadef_tag(std::string_view body);
/// `{"tags": [{"name": …}, …]}`; a name twice is `conflict`.
[[nodiscard]] result<std::vector<metadef_tag>> parse_metadef_tags(std::string_view body);
[[nodiscard]] result<metadef_association> parse_metadef_association(std::string_view body);

/// A name out of a path.
[[nodiscard]] result<void> check_metadef_name(std::string_view name, const std::string& pointer);

// The parts, for what reads the same shapes out of records.

/// A property's definition, in one order and without members that mean nothing. Its name is read only where
/// `with_name`, and must be there then.
[[nodiscard]] result<metadef_property> read_metadef_property(const json_value& value, const std::string& pointer,
                                                             bool with_name);
/// `{name: definition, …}`
[[nodiscard]] result<std::vector<metadef_property>> read_metadef_properties(const json_value& value,
                                                                            const std::string& pointer);
/// The same JSON for writing. Refused: a number that is neither a 64-bit integer nor a finite double.
[[nodiscard]] result<json_writer> writable(const json_value& value, const std::string& pointer);

}  // namespace sluice::schemas
