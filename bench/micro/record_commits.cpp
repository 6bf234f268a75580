// SPDX-License-Identifier: Apache-2.0
// What durability costs: one record a sync, and many. Writes below the directory it is started in, or
// SLUICE_BENCH_DIR: a real disk.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "persistence/record_store.hpp"
#include "tests/support/temporary_directory.hpp"

namespace sluice::bench {
namespace {

std::filesystem::path base() {
  const char* set = std::getenv("SLUICE_BENCH_DIR");
  return set ? set : ".";
}

void commit(benchmark::State& state) {
  const tests::temporary_directory folder{base()};
  auto records = persistence::record_store::open(folder.path(), std::uint64_t{4} << 30);
  if (!records) {
    state.SkipWithError(records.error().message.c_str());
    return;
  }
  std::uint64_t number = 0;
  for (auto _ : state) {
    std::vector<persistence::change_set> sets;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      auto digits = std::to_string(++number);
      schemas::image_import record;
      record.id = "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
      record.image_id = record.id;
      record.project_id = record.user_id = "bench";
      record.request.location = "https://images.example.org/" + digits + ".qcow2";
      record.request.properties.name = "image " + digits;
      sets.push_back({persistence::put_import{std::move(record)}});
    }
    for (const auto& outcome : (*records)->commit(sets))
      if (!outcome) {
        state.SkipWithError(outcome.error().message.c_str());
        return;
      }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(commit)->Arg(1)->Arg(64)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::bench
