// SPDX-License-Identifier: Apache-2.0
#include "schemas/remote_image.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "schemas/checksum_list.hpp"
#include "schemas/image_properties_reading.hpp"
#include "schemas/json_value.hpp"

namespace sluice::schemas {
namespace {

constexpr std::string_view prefix = "glance+";
constexpr std::string_view nowhere = "glance+nowhere://catalog";
constexpr std::array<std::string_view, 5> taken_prefixes{"hw_", "trait:", "os_distro", "os_secure_boot", "os_type"};
constexpr json_limits record_limits{256 << 10, 8, 1000, 2000, false};

bool is_taken(const std::string& name) {
  return name == "container_format" ||
         std::ranges::any_of(taken_prefixes, [&](std::string_view each) { return name.starts_with(each); });
}

tl::unexpected<failure> no_image() {
  return refuse(error_code::source_protocol,
                "Could not retrieve image. What the image service of that region answers is no image.");
}

}  // namespace

std::string remote_image_location(std::string_view endpoint, std::string_view image_id) {
  auto url = endpoint.empty() ? std::string{nowhere} : std::string{prefix}.append(endpoint);
  while (url.ends_with('/'))
    url.pop_back();
  return url.append(url.ends_with("/v2") ? "/images/" : "/v2/images/").append(image_id);
}

bool is_remote_image(std::string_view location) noexcept {
  return location.starts_with(prefix);
}

result<remote_image> parse_remote_image(std::string_view location, const sources_configuration& sources) {
  if (location.starts_with(nowhere))
    return refuse(error_code::source_unreachable,
                  "Could not retrieve image. The cloud's catalog names no image service in that region with that "
                  "interface. Check glance_region and glance_service_interface.");
  auto any_port = sources;
  any_port.ports.clear();
  const auto fragment = std::min(location.find('#'), location.size());
  const std::string url{location.substr(prefix.size(), fragment - prefix.size())};
  auto record = parse_location(url, any_port);
  if (!record)
    return tl::unexpected{std::move(record).error()};
  auto file = parse_location(url + "/file", any_port);
  if (!file)
    return tl::unexpected{std::move(file).error()};
  remote_image found;
  found.record = std::move(*record);
  found.file = std::move(*file);
  if (fragment < location.size())
    found.token_handle = std::string{location.substr(fragment + 1)};
  return found;
}

result<remote_description> taken_from_remote(std::string_view body) {
  const auto document = parse_json(body, record_limits);
  const auto* const object = document ? document->as_object() : nullptr;
  const auto* const status = document ? document->find("status") : nullptr;
  if (object == nullptr || status == nullptr || status->as_string() == nullptr)
    return no_image();
  if (*status->as_string() != "active")
    return refuse(error_code::source_status,
                  "Could not retrieve image. The image in that region is not active: import it when it is.");
  remote_description described;
  auto& taken = described.properties;
  for (const auto& member : *object) {
    if (taken.size() == most_extra_properties || !is_taken(member.name))
      continue;
    // Under the rules of a property that a user sets; what would be refused of a user stays behind.
    auto read = read_image_properties({member}, identity{}, "");
    if (!read)
      continue;
    if (read->container_format)
      taken.emplace(member.name, std::move(*read->container_format));
    taken.merge(read->extra);
  }
  const auto add_digest = [&](const std::string& algorithm, const std::string& name) {
    const auto* const value = document->find(name);
    auto digits = value == nullptr || value->as_string() == nullptr ? std::nullopt : hexadecimal(*value->as_string());
    if (digits && !digits->empty())
      described.digests.push_back({algorithm, std::move(*digits)});
  };
  const auto* const algorithm = document->find("os_hash_algo");
  if (algorithm != nullptr && algorithm->as_string() != nullptr)
    add_digest(*algorithm->as_string(), "os_hash_value");
  add_digest("md5", "checksum");
  return described;
}

}  // namespace sluice::schemas
