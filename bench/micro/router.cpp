// SPDX-License-Identifier: Apache-2.0
// What finding a request's handler costs: every request pays it.
#include <benchmark/benchmark.h>

#include "http/server/router.hpp"

namespace sluice::bench {
namespace {

using http::verb;

/// As many as the service has, of the same shapes.
http::router<int> every_route() {
  http::router<int> routes;
  const std::pair<verb, const char*> table[] = {
      {verb::get, "/v2/images/{id}"},
      {verb::get, "/v2/images"},
      {verb::delete_, "/v2/images/{id}"},
      {verb::get, "/v2/images/{id}/file"},
      {verb::post, "/v2/image-imports"},
      {verb::get, "/v2/image-imports"},
      {verb::get, "/v2/image-imports/{id}"},
      {verb::delete_, "/v2/image-imports/{id}"},
      {verb::get, "/"},
      {verb::get, "/versions"},
      {verb::get, "/v2/schemas/{name}"},
      {verb::get, "/healthcheck"},
  };
  int number = 0;
  for (const auto& [method, pattern] : table)
    routes.add(method, pattern, ++number);
  return routes;
}

void find_route(benchmark::State& state, const char* path) {
  static const auto routes = every_route();
  for (auto _ : state) {
    auto found = routes.find(verb::get, path);
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK_CAPTURE(find_route, first, "/v2/images/9f2c1a52-54f3-4c1c-9d0f-6a54cd4c4a11");
BENCHMARK_CAPTURE(find_route, file, "/v2/images/9f2c1a52-54f3-4c1c-9d0f-6a54cd4c4a11/file");
BENCHMARK_CAPTURE(find_route, last, "/healthcheck");
BENCHMARK_CAPTURE(find_route, absent, "/v1/images/detail");

}  // namespace
}  // namespace sluice::bench
