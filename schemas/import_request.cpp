// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "schemas/image_properties_reading.hpp"
#include "schemas/json.hpp"
#include "schemas/json_value.hpp"
#include "schemas/swift_location.hpp"

namespace sluice::schemas {
namespace {

constexpr std::uint64_t largest_size = std::numeric_limits<std::int64_t>::max();

tl::unexpected<failure> expected(const std::string& what, const json_value* got, const std::string& pointer) {
  const auto came = got == nullptr ? std::string{"nothing"} : std::string{kind_of(*got)};
  return refuse(error_code::invalid_request, "Expected " + what + ", got " + came + '.', pointer);
}

result<std::string> read_location(const json_value* value, const sources_configuration& sources) {
  const std::string pointer = "/location";
  const auto* const text = value == nullptr ? nullptr : value->as_string();
  if (text == nullptr)
    return expected("the URL of the image as a string", value, pointer);
  auto normalised = normalised_location(*text, sources);
  if (!normalised)
    return refuse(normalised.error().code, normalised.error().message, pointer);
  return normalised;
}

result<void> read_checksum(const json_value& value, expectation& into) {
  const std::string pointer = "/expect/checksum";
  const auto* const object = value.as_object();
  if (object == nullptr)
    return expected("an object with algorithm and value", &value, pointer);
  if (auto known = only_known_members(*object, {"algorithm", "value"}, pointer); !known)
    return known;
  const auto* const algorithm = value.find("algorithm");
  if (algorithm == nullptr || algorithm->as_string() == nullptr)
    return expected("sha256 or sha512", algorithm, pointer + "/algorithm");
  const auto& name = *algorithm->as_string();
  if (name == "md5" || name == "sha1")
    return refuse(
        error_code::invalid_request,
        "Expected sha256 or sha512, got an algorithm whose collisions can be made, so that it proves nothing.",
        pointer + "/algorithm");
  if (name != "sha256" && name != "sha512")
    return refuse(error_code::invalid_request, "Expected sha256 or sha512, got another algorithm.",
                  pointer + "/algorithm");
  const std::size_t digits = name == "sha256" ? 64 : 128;
  const auto* const digest = value.find("value");
  const auto* const text = digest == nullptr ? nullptr : digest->as_string();
  const auto is_hexadecimal = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (text == nullptr || text->size() != digits || !std::ranges::all_of(*text, is_hexadecimal))
    return refuse(error_code::invalid_request,
                  "Expected " + std::to_string(digits) + " hexadecimal digits, got something else.",
                  pointer + "/value");
  into.checksum_algorithm = name;
  into.checksum_value = *text;
  for (char& c : *into.checksum_value)
    c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return {};
}

result<expectation> read_expectation(const json_value* value) {
  const std::string pointer = "/expect";
  expectation read;
  if (value == nullptr)
    return read;
  const auto* const object = value->as_object();
  if (object == nullptr)
    return expected("an object with size or checksum", value, pointer);
  if (const auto known = only_known_members(*object, {"size", "checksum"}, pointer); !known)
    return tl::unexpected{known.error()};
  if (const auto* const size = value->find("size")) {
    const auto number = whole_number(*size, largest_size, pointer + "/size");
    if (!number)
      return tl::unexpected{number.error()};
    read.size = *number;
  }
  if (const auto* const checksum = value->find("checksum"))
    if (const auto outcome = read_checksum(*checksum, read); !outcome)
      return tl::unexpected{outcome.error()};
  return read;
}

}  // namespace

result<import_request> parse_import_request(std::string_view body, const identity& who,
                                            const sources_configuration& sources) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  const auto* const object = document->as_object();
  if (object == nullptr)
    return expected("an object with location and image_properties", &*document, "");
  if (const auto known = only_known_members(*object, {"location", "image_properties", "expect"}, ""); !known)
    return tl::unexpected{known.error()};

  import_request request;
  auto location = read_location(document->find("location"), sources);
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
  }
  auto expect = read_expectation(document->find("expect"));
  if (!expect)
    return tl::unexpected{std::move(expect).error()};
  request.expect = std::move(*expect);
  return request;
}

}  // namespace sluice::schemas
