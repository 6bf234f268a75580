// SPDX-License-Identifier: Apache-2.0
#include "schemas/expectation_reading.hpp"
#include "schemas/image_properties_reading.hpp"
#include "schemas/image_signature.hpp"
#include "schemas/json.hpp"
#include "schemas/json_value.hpp"

namespace sluice::schemas {
namespace {}  // namespace

result<import_request> parse_import_request(std::string_view body, const identity& who,
                                            const sources_configuration& sources) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const object = document->as_object();
  if (object == nullptr)
    return expected("an object with location and image_properties", &*document, "");
  if (const auto known = only_known_members(*object, {"location", "image_properties", "expect", "convert_to"}, "");
      !known)
    return tl::unexpected{known.error()};

  import_request request;
  auto location = read_url(document->find("location"), sources, "the image", "/location");
  if (!location)
    return tl::unexpected{std::move(location).error()};
  request.location = std::move(*location);
  if (const auto* const properties = document->find("image_properties")) {
    if (properties->as_object() == nullptr)
      return expected("an object", properties, "/image_properties");
    auto read = read_image_properties(*properties->as_object(), who, "/image_properties");
    if (!read)
      return tl::unexpected{std::move(read).error()};
    request.properties = std::move(*read);
    if (const auto sound = signature_of(request.properties.extra, "/image_properties"); !sound)
      return tl::unexpected{sound.error()};
  }
  if (const auto* const target = document->find("convert_to")) {
    const auto* const word = target->as_string();
    if (word == nullptr || (*word != "raw" && *word != "qcow2"))
      return refuse(error_code::invalid_request, "Expected \"raw\" or \"qcow2\", got something else.", "/convert_to");
    request.convert_to = *word;
  }
  auto expect = read_expectation(document->find("expect"), request.location, sources);
  if (!expect)
    return tl::unexpected{std::move(expect).error()};
  request.expect = std::move(*expect);
  return request;
}

}  // namespace sluice::schemas
