// SPDX-License-Identifier: Apache-2.0
// What a page of 1000 out of 100,000 images costs, with a filter and an order, from the store to the JSON of the
// answer: how much of it is looking through rows, and how much is the page itself. The newest images come first in the
// store, and their names sort the other way round: the worst case for keeping the first rows of an order.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "http/api/image_listing.hpp"
#include "persistence/record_store.hpp"
#include "schemas/json.hpp"
#include "tests/support/temporary_directory.hpp"

namespace sluice::bench {
namespace {

constexpr int images = 100'000;

std::string padded(int number, std::size_t digits) {
  const auto text = std::to_string(number);
  return std::string(digits - text.size(), '0') + text;
}

schemas::image image_of(int number) {
  schemas::image record;
  record.id = "00000000-0000-4000-8000-" + padded(number, 12);
  record.owner = "0123456789abcdef0123456789abcdef";
  record.status = number % 10 == 0 ? schemas::image_status::queued : schemas::image_status::active;
  record.properties.name = "image " + padded(images - number, 6);
  record.properties.tags = {"stable", number % 2 == 0 ? "even" : "odd"};
  record.properties.disk_format = number % 3 == 0 ? "raw" : "qcow2";
  record.properties.container_format = "bare";
  record.properties.visibility = "shared";
  record.properties.extra = {{"os_distro", "debian"}, {"os_version", "12"}, {"hw_disk_bus", "virtio"}};
  if (record.status == schemas::image_status::active)
    record.facts = schemas::content_facts{static_cast<std::uint64_t>(number) * 4096,
                                          std::uint64_t{10} << 30,
                                          *record.properties.disk_format,
                                          std::string(32, 'a'),
                                          "sha512",
                                          std::string(128, 'b')};
  record.created_at = record.updated_at = schemas::time_point{std::chrono::seconds{1'700'000'000 + number}};
  return record;
}

/// One store for all of this file.
const persistence::record_store& filled_store() {
  static const char* set = std::getenv("SLUICE_BENCH_DIR");
  static const tests::temporary_directory folder{set ? std::filesystem::path{set} : "."};
  static const auto store = [] {
    auto opened = persistence::record_store::open(folder.path(), std::uint64_t{4} << 30).value();
    for (int number = 0; number < images;) {
      persistence::change_set changes;
      for (int i = 0; i < 5000; ++i)
        changes.emplace_back(persistence::put_image{image_of(++number)});
      (void)opened->commit({std::move(changes)});
    }
    return opened;
  }();
  return *store;
}

http::image_listing listing_of(const http::query_pairs& pairs) {
  schemas::identity who;
  who.project_id = "0123456789abcdef0123456789abcdef";
  return http::parse_image_listing(pairs, who).value();
}

std::vector<std::string> selected(const persistence::record_store& store, const http::image_listing& wanted) {
  http::first_rows first{wanted.order, wanted.limit};
  const auto look = [&](const persistence::image_row& row) {
    if (std::ranges::all_of(wanted.filters, [&row](const auto& each) { return http::may_match(each, row); }))
      first.add(row);
    return true;
  };
  for (std::optional<std::string> next = std::string{}; next;)
    next = store.walk_images(wanted.query, *next, 2048, look);
  return first.take_ids();
}

void list_images(benchmark::State& state, const http::query_pairs& pairs, bool whole) {
  const auto& store = filled_store();
  auto wanted = listing_of(pairs);
  wanted.limit = 1000;
  for (auto _ : state) {
    const auto ids = selected(store, wanted);
    if (!whole) {
      benchmark::DoNotOptimize(ids);
      continue;
    }
    schemas::image_page_text page{ids.size()};
    for (const auto& id : ids)
      page.add(*store.find_image(id));
    auto answer = std::move(page).finish({"/v2/images", "/v2/images?marker=x"});
    benchmark::DoNotOptimize(answer);
    if (ids.size() != 1000)
      state.SkipWithError("the page is not full");
  }
}

const http::query_pairs by_name{{"status", "active"}, {"size_min", "1"}, {"sort", "name:asc"}};
const http::query_pairs by_size{{"disk_format", "raw"}, {"sort", "size:desc"}};
const http::query_pairs by_tag{{"tag", "even"}, {"sort", "name:asc"}};
BENCHMARK_CAPTURE(list_images, rows_by_name, by_name, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(list_images, page_by_name, by_name, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(list_images, page_by_size, by_size, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(list_images, page_by_tag, by_tag, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
