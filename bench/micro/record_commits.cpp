// SPDX-License-Identifier: Apache-2.0
// What durability costs: one record a sync, and many. Writes below the directory it is started in, or
// SLUICE_BENCH_DIR: a real disk.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "persistence/record_store.hpp"

namespace sluice::bench {
namespace {

/// A directory of its own, gone at the end.
class scratch_directory {
 public:
  scratch_directory() {
    const char* base = std::getenv("SLUICE_BENCH_DIR");
    auto name = std::string{base ? base : "."} + "/micro-bench-XXXXXX";
    if (mkdtemp(name.data()))
      path_ = name;
  }
  ~scratch_directory() {
    std::error_code ignored;
    if (!path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

void commit(benchmark::State& state) {
  const scratch_directory folder;
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
