// SPDX-License-Identifier: Apache-2.0
#include "schemas/expectation_reading.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "schemas/checksum_list.hpp"
#include "schemas/location.hpp"
#include "schemas/swift_location.hpp"
#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

constexpr std::uint64_t largest_size = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t most_checksums = 4;  // one of each algorithm
constexpr std::size_t longest_name = 255;

struct known_algorithm {
  std::string_view name;
  std::size_t digits;
  bool proves;  ///< nobody can make another file with the same digest
};
constexpr std::array algorithms{known_algorithm{"sha256", 64, true}, known_algorithm{"sha512", 128, true},
                                known_algorithm{"sha1", 40, false}, known_algorithm{"md5", 32, false}};

const known_algorithm* find_algorithm(std::string_view name) {
  const auto* const found = std::ranges::find(algorithms, name, &known_algorithm::name);
  return found == algorithms.end() ? nullptr : found;
}

bool proves(const expected_checksum& checksum) {
  const auto* const algorithm = find_algorithm(checksum.algorithm);
  return algorithm != nullptr && algorithm->proves;
}

/// One {algorithm, value}. `alone`: nothing stands beside it, so that md5 and sha1 are no use.
result<expected_checksum> read_checksum(const json_value& value, const std::string& pointer, bool alone) {
  const std::string wanted = alone ? "sha256 or sha512" : "sha256, sha512, sha1 or md5";
  const auto* const object = value.as_object();
  if (object == nullptr)
    return expected("an object with algorithm and value", &value, pointer);
  if (const auto known = only_known_members(*object, {"algorithm", "value"}, pointer); !known)
    return tl::unexpected{known.error()};
  const auto* const named = value.find("algorithm");
  if (named == nullptr || named->as_string() == nullptr)
    return expected(wanted, named, pointer + "/algorithm");
  const auto* const algorithm = find_algorithm(*named->as_string());
  if (algorithm == nullptr)
    return refuse(error_code::invalid_request, "Expected " + wanted + ", got another algorithm.",
                  pointer + "/algorithm");
  if (alone && !algorithm->proves)
    return refuse(error_code::invalid_request,
                  "Expected " + wanted + ", got an algorithm whose collisions can be made, so that it proves nothing.",
                  pointer + "/algorithm");
  const auto* const digest = value.find("value");
  const auto* const text = digest == nullptr ? nullptr : digest->as_string();
  auto hex = text == nullptr ? std::nullopt : hexadecimal(*text);
  if (!hex || hex->size() != algorithm->digits)
    return refuse(error_code::invalid_request,
                  "Expected " + std::to_string(algorithm->digits) + " hexadecimal digits, got something else.",
                  pointer + "/value");
  return expected_checksum{std::string{algorithm->name}, std::move(*hex)};
}

/// The same once more is taken as said once; another value for the same algorithm can never be met.
result<void> add(expected_checksum checksum, const std::string& pointer, expectation& into) {
  const auto same = std::ranges::find(into.checksums, checksum.algorithm, &expected_checksum::algorithm);
  if (same == into.checksums.end())
    into.checksums.push_back(std::move(checksum));
  else if (same->value != checksum.value)
    return refuse(error_code::invalid_request,
                  "Expected one value of " + checksum.algorithm + ", got two that differ: no file has both.", pointer);
  return {};
}

result<void> read_checksums(const json_value& value, expectation& into) {
  const std::string pointer = "/expect/checksums";
  const auto* const list = value.as_array();
  if (list == nullptr)
    return expected("an array of objects with algorithm and value", &value, pointer);
  if (list->empty() || list->size() > most_checksums)
    return refuse(error_code::invalid_request, "Expected 1 to 4 checksums, got " + std::to_string(list->size()) + '.',
                  pointer);
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto here = json_pointer(pointer, std::to_string(i));
    auto checksum = read_checksum((*list)[i], here, false);
    if (!checksum)
      return tl::unexpected{std::move(checksum).error()};
    if (auto added = add(std::move(*checksum), here, into); !added)
      return added;
  }
  return {};
}

result<std::string> read_file_name(const json_value& value) {
  const std::string pointer = "/expect/checksums_name";
  const auto* const text = value.as_string();
  if (text == nullptr)
    return expected("a name in the file of checksums as a string", &value, pointer);
  if (text->empty() || code_points(*text) > longest_name || one_line(*text) != *text)
    return refuse(error_code::invalid_request,
                  "Expected a name of 1 to 255 characters without control characters, got another one.", pointer);
  return *text;
}

}  // namespace

result<std::string> read_url(const json_value* value, const sources_configuration& sources, const std::string& what,
                             const std::string& pointer) {
  const auto* const text = value == nullptr ? nullptr : value->as_string();
  if (text == nullptr)
    return expected("the URL of " + what + " as a string", value, pointer);
  auto normalised = normalised_location(*text, sources);
  if (!normalised)
    return refuse(normalised.error().code, normalised.error().message, pointer);
  return normalised;
}

result<expectation> read_expectation(const json_value* value, std::string_view location,
                                     const sources_configuration& sources) {
  const std::string pointer = "/expect";
  expectation read;
  if (value == nullptr)
    return read;
  const auto* const object = value->as_object();
  if (object == nullptr)
    return expected("an object with size or checksums", value, pointer);
  if (const auto known =
          only_known_members(*object, {"size", "checksum", "checksums", "checksums_url", "checksums_name"}, pointer);
      !known)
    return tl::unexpected{known.error()};
  if (const auto* const size = value->find("size")) {
    const auto number = whole_number(*size, largest_size, pointer + "/size");
    if (!number)
      return tl::unexpected{number.error()};
    read.size = *number;
  }
  if (const auto* const one = value->find("checksum")) {
    auto checksum = read_checksum(*one, pointer + "/checksum", true);
    if (!checksum)
      return tl::unexpected{std::move(checksum).error()};
    read.checksums.push_back(std::move(*checksum));
  }
  if (const auto* const list = value->find("checksums"))
    if (const auto outcome = read_checksums(*list, read); !outcome)
      return tl::unexpected{outcome.error()};
  if (const auto* const url = value->find("checksums_url")) {
    auto taken = read_url(url, sources, "a file of checksums", pointer + "/checksums_url");
    if (!taken)
      return tl::unexpected{std::move(taken).error()};
    read.checksums_url = std::move(*taken);
  }
  if (const auto* const name = value->find("checksums_name")) {
    auto taken = read_file_name(*name);
    if (!taken)
      return tl::unexpected{std::move(taken).error()};
    read.checksums_name = std::move(*taken);
  }
  if (read.checksums_name && !read.checksums_url)
    return refuse(error_code::invalid_request, "Expected checksums_url beside checksums_name, got only the name.",
                  pointer + "/checksums_name");
  if (read.checksums_url && !read.checksums_name && file_name_of(location).empty())
    return refuse(error_code::invalid_request,
                  "Expected checksums_name: the location does not end with the name of a file to look for.",
                  pointer + "/checksums_url");
  if (!read.checksums.empty() && !read.checksums_url && std::ranges::none_of(read.checksums, proves))
    return refuse(error_code::invalid_request,
                  "Expected sha256 or sha512 as well, got only algorithms whose collisions can be made, so that they "
                  "prove nothing.",
                  pointer + "/checksums");
  return read;
}

}  // namespace sluice::schemas
