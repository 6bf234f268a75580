// SPDX-License-Identifier: Apache-2.0
// What reading and judging the body of POST /v2/image-imports costs.
#include <benchmark/benchmark.h>

#include "schemas/configuration.hpp"
#include "schemas/json.hpp"

namespace sluice::bench {
namespace {

void parse_request(benchmark::State& state) {
  const std::string body =
      R"({"location": "https://images.example.org/jammy/20261101/jammy-server-cloudimg-amd64.img",
          "image_properties": {"name": "Ubuntu 22.04", "disk_format": "qcow2", "container_format": "bare", "min_disk": 10,
                               "min_ram": 1024, "tags": ["ubuntu", "lts"], "os_distro": "ubuntu", "os_version": "22.04",
                               "hw_disk_bus": "virtio"},
          "expect": {"checksum": {"algorithm": "sha256",
                                  "value": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}})";
  const schemas::identity who{"bench", "bench", {"member"}};
  const schemas::sources_configuration sources;
  for (auto _ : state) {
    auto request = schemas::parse_import_request(body, who, sources);
    if (!request) {
      state.SkipWithError(request.error().message.c_str());
      return;
    }
    benchmark::DoNotOptimize(request);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(parse_request);

}  // namespace
}  // namespace sluice::bench
