// SPDX-License-Identifier: Apache-2.0
// What one round of sharing out bandwidth costs; it happens many times a second.
#include <benchmark/benchmark.h>

#include <random>

#include "actors/bandwidth/allocation.hpp"

namespace sluice::bench {
namespace {

void allocate(benchmark::State& state) {
  std::mt19937_64 random{7};
  actors::bandwidth_limits limits;
  limits.import_max = 1'000'000'000;
  limits.per_project_max = 400'000'000;
  limits.per_import_max = 100'000'000;
  limits.per_source_host_max = 500'000'000;
  limits.projects = {{"project-1", 2.0, 0}, {"project-2", 0.5, 50'000'000}};
  std::vector<actors::bandwidth_claim> claims;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    actors::bandwidth_claim claim;
    claim.project_id = "project-" + std::to_string(random() % 16);
    claim.source_host = "host-" + std::to_string(random() % 4) + ".example.org";
    claim.demand = random() % 3 == 0 ? random() % 200'000'000 : actors::unlimited_rate;
    claims.push_back(claim);
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(actors::allocate(limits, claims));
}
BENCHMARK(allocate)->Arg(1)->Arg(8)->Arg(64)->Arg(512)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::bench
