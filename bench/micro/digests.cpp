// SPDX-License-Identifier: Apache-2.0
// What hashing costs: nearly all of an import's processor time.
#include <benchmark/benchmark.h>

#include "actors/pipeline/lanes.hpp"
#include "actors/pipeline/paired_digest.hpp"
#include "bench/micro/bytes.hpp"

namespace sluice::bench {
namespace {

void openssl_digest(benchmark::State& state, const char* algorithm) {
  const auto bytes = random_bytes(block_bytes);
  actors::digest_lane lane{algorithm};
  for (auto _ : state)
    benchmark::DoNotOptimize(lane.consume(bytes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block_bytes));
}
BENCHMARK_CAPTURE(openssl_digest, md5, "md5");
BENCHMARK_CAPTURE(openssl_digest, sha256, "sha256");
BENCHMARK_CAPTURE(openssl_digest, sha512, "sha512");

void md5_then_sha512(benchmark::State& state) {
  const auto bytes = random_bytes(block_bytes);
  actors::digest_lane md5{"md5"}, sha512{"sha512"};
  for (auto _ : state) {
    benchmark::DoNotOptimize(md5.consume(bytes));
    benchmark::DoNotOptimize(sha512.consume(bytes));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block_bytes));
}
BENCHMARK(md5_then_sha512);

void md5_and_sha512_paired(benchmark::State& state) {
  if (!actors::paired_digest::supported()) {
    state.SkipWithError("this processor has no AVX-512");
    return;
  }
  const auto bytes = random_bytes(block_bytes);
  actors::paired_digest digest;
  for (auto _ : state)
    digest.update(bytes);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block_bytes));
}
BENCHMARK(md5_and_sha512_paired);

}  // namespace
}  // namespace sluice::bench
