// SPDX-License-Identifier: Apache-2.0
// What finding a request's handler costs: every request pays it.
#include <benchmark/benchmark.h>

#include "http/server/router.hpp"

namespace sluice::bench {
namespace {

void find_route(benchmark::State& state, http::verb method, const char* path) {
  http::router<int> routes;
  const std::pair<http::verb, const char*> table[] = {
      {http::verb::get, "/v2/images/{id}"},
      {http::verb::get, "/v2/images"},
      {http::verb::delete_, "/v2/images/{id}"},
      {http::verb::get, "/v2/images/{id}/file"},
      {http::verb::post, "/v2/image-imports"},
      {http::verb::get, "/v2/image-imports"},
      {http::verb::get, "/v2/image-imports/{id}"},
      {http::verb::delete_, "/v2/image-imports/{id}"},
      {http::verb::get, "/"},
      {http::verb::get, "/versions"},
      {http::verb::get, "/v2/schemas/{name}"},
      {http::verb::get, "/healthcheck"},
  };
  int number = 0;
  for (const auto& [verb, pattern] : table)
    routes.add(verb, pattern, ++number);
  for (auto _ : state) {
    auto found = routes.find(method, path);
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK_CAPTURE(find_route, first, http::verb::get, "/v2/images/9f2c1a52-54f3-4c1c-9d0f-6a54cd4c4a11");
BENCHMARK_CAPTURE(find_route, file, http::verb::get, "/v2/images/9f2c1a52-54f3-4c1c-9d0f-6a54cd4c4a11/file");
BENCHMARK_CAPTURE(find_route, last, http::verb::get, "/healthcheck");
BENCHMARK_CAPTURE(find_route, absent, http::verb::get, "/v1/images/detail");

}  // namespace
}  // namespace sluice::bench
