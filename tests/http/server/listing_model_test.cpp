// SPDX-License-Identifier: Apache-2.0
// Listings against the plainest reading of what they are: all images, filtered, sorted, and cut into pages.
#include <algorithm>
#include <functional>
#include <random>

#include <nlohmann/json.hpp>

#include "tests/http/server/random_images.hpp"

namespace sluice::http {
namespace {

using nlohmann::json;
using schemas::image;
using strings = std::vector<std::string>;

/// A filter as a client writes it, and as one reads it.
struct plain_filter {
  std::string query;
  std::function<bool(const image&)> passes;
};

const std::vector<plain_filter>& plain_filters() {
  const auto has_tag = [](const image& each, const char* tag) {
    return std::ranges::find(each.properties.tags, tag) != each.properties.tags.end();
  };
  static const std::vector<plain_filter> filters{
      {"disk_format=raw", [](const image& each) { return each.properties.disk_format == "raw"; }},
      {"disk_format=in:raw,qcow2", [](const image& each) { return each.properties.disk_format.has_value(); }},
      {"status=active", [](const image& each) { return each.status == schemas::image_status::active; }},
      {"name=n3", [](const image& each) { return each.properties.name == "n3"; }},
      {"name=in:3,n3,nn3",
       [](const image& each) {
         const auto& name = each.properties.name;
         return name == "3" || name == "n3" || name == "nn3";
       }},
      {"visibility=public", [](const image& each) { return each.properties.visibility == "public"; }},
      {"size_min=4", [](const image& each) { return each.facts && each.facts->size >= 4; }},
      {"size_max=6", [](const image& each) { return each.facts && each.facts->size <= 6; }},
      {"tag=tag0", [has_tag](const image& each) { return has_tag(each, "tag0"); }},
      {"tag=tag0&tag=tag1", [has_tag](const image& each) { return has_tag(each, "tag0") && has_tag(each, "tag1"); }},
      {"os_distro=debian", [](const image& each) { return each.properties.extra.at("os_distro") == "debian"; }},
      {"checksum=" + std::string(32, 'c'),
       [](const image& each) { return each.facts && each.facts->md5 == std::string(32, 'c'); }},
      {"created_at=gte:1970-01-01T00:00:20Z",
       [](const image& each) { return each.created_at >= schemas::time_point{std::chrono::seconds{20}}; }},
      {"tag=nobody-has-it", [](const image&) { return false; }},
  };
  return filters;
}

void put_all(api_fixture& service, const std::vector<image>& images) {
  persistence::change_set changes;
  for (const auto& each : images) {
    persistence::put_image put;
    put.record = each;
    changes.emplace_back(std::move(put));
  }
  REQUIRE(service.records->commit({std::move(changes)}).front());
}

/// The ids of every page, from the first link to the last.
strings all_pages(const api_fixture& service, std::string path, std::size_t limit) {
  strings ids;
  for (int pages = 0; !path.empty() && pages < 2000; ++pages) {
    const auto answer = service.ask("GET", path);
    INFO(path << "\n" << answer.body);
    REQUIRE(answer.status == 200);
    const auto page = json::parse(answer.body);
    REQUIRE(page.at("images").size() <= limit);
    for (const auto& each : page.at("images"))
      ids.push_back(each.at("id"));
    path = page.value("next", "");
    if (!path.empty())
      REQUIRE(page.at("images").size() == limit);
  }
  return ids;
}

strings model(std::vector<image> images, const std::vector<plain_filter>& filters, const plain_order& order) {
  std::erase_if(images, [&](const image& each) {
    return !std::ranges::all_of(filters, [&each](const auto& filter) { return filter.passes(each); });
  });
  std::ranges::sort(images, order);
  strings ids;
  for (const auto& each : images)
    ids.push_back(each.id);
  return ids;
}

}  // namespace

TEST_CASE("a listing is all images, filtered and sorted, whatever is asked and however long its pages are") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  api_fixture service;
  // More than one turn looks at, so that walks go on where they paused.
  const auto images = some_images(random, 5000);
  put_all(service, images);
  for (int round = 0; round < 60; ++round) {
    auto order = some_order(random);
    if (round % 3 == 0)
      order.keys = {{"created_at", random() % 2 == 0}};
    std::vector<plain_filter> filters;
    // Two of one kind are a rule of their own.
    const auto first = random() % plain_filters().size();
    for (unsigned i = 0; i < random() % 3; ++i)
      filters.push_back(plain_filters()[(first + 5 * i) % plain_filters().size()]);
    const auto limit = 200 + random() % 800;
    auto path = "/v2/images?limit=" + std::to_string(limit) + "&sort=";
    for (const auto& [key, ascending] : order.keys)
      path += key + (ascending ? ":asc," : ":desc,");
    path.pop_back();
    for (const auto& filter : filters)
      path += "&" + filter.query;
    INFO(path);
    REQUIRE(all_pages(service, path, limit) == model(images, filters, order));
  }
}

TEST_CASE("a tag that leaves the trait of another is told from it, and pages are full all the same") {
  // As one who wants others' listings to be slow would choose it.
  std::string other;
  for (int i = 0; other.empty(); ++i)
    if (auto tag = "other-" + std::to_string(i); persistence::trait_of_tag(tag) == persistence::trait_of_tag("wanted"))
      other = std::move(tag);
  std::mt19937 random{3};
  auto images = some_images(random, 600);
  for (std::size_t i = 0; i < images.size(); ++i)
    images[i].properties.tags = strings{i % 50 == 7 ? "wanted" : other};
  api_fixture service;
  put_all(service, images);
  const plain_filter filter{"tag=wanted", [](const image& each) { return each.properties.tags.front() == "wanted"; }};
  for (const std::string key : {"created_at", "name"})
    for (const auto ascending : {true, false})
      for (const std::size_t limit : {1, 5, 12, 13}) {
        plain_order order;
        order.keys.emplace_back(key, ascending);
        const auto path =
            "/v2/images?tag=wanted&limit=" + std::to_string(limit) + "&sort=" + key + (ascending ? ":asc" : ":desc");
        INFO(path);
        REQUIRE(all_pages(service, path, limit) == model(images, {filter}, order));
      }
}

}  // namespace sluice::http
