// SPDX-License-Identifier: Apache-2.0
// What judging an image costs while its bytes pass: it must vanish beside hashing.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>

#include "actors/verification/stream_inspection.hpp"
#include "bench/micro/bytes.hpp"

namespace sluice::bench {
namespace {

constexpr std::size_t image_bytes = 64 << 20;

/// An MBR with one partition, and random bytes behind it.
std::vector<std::byte> raw_disk() {
  auto disk = random_bytes(image_bytes);
  for (std::size_t i = 0; i < 510; ++i)
    disk[i] = std::byte{0};
  constexpr std::array<std::uint8_t, 16> partition{0x80, 0, 2, 0, 0x83, 0xFE, 0xFF, 0xFF, 64, 0, 0, 0, 0, 0xFF, 1, 0};
  constexpr std::array<std::uint8_t, 2> signature{0x55, 0xAA};
  put(disk, 446, partition);
  put(disk, 510, signature);
  return disk;
}

/// Version 2, 64 KiB clusters, 1 GiB of virtual size, one L1 table and one refcount table: what a stream can see of it.
std::vector<std::byte> qcow2_image() {
  auto image = random_bytes(image_bytes);
  constexpr std::array<std::uint8_t, 72> header{'Q', 'F', 'I', 0xFB, 0,    0, 0, 2,              // magic, version
                                                0,   0,   0,   0,    0,    0, 0, 0, 0, 0, 0, 0,  // no backing file
                                                0,   0,   0,   16,                               // cluster bits
                                                0,   0,   0,   0,    0x40, 0, 0, 0,              // virtual size
                                                0,   0,   0,   0,    0,    0, 0, 2,  // not encrypted, L1 entries
                                                0,   0,   0,   0,    0,    1, 0, 0,  // L1 table at 64 KiB
                                                0,   0,   0,   0,    0,    2, 0, 0,  // refcounts at 128 KiB
                                                0,   0,   0,   1};                   // one cluster of them
  std::fill_n(image.begin(), 192 << 10, std::byte{0});                               // no extensions, nothing allocated
  put(image, 0, header);
  return image;
}

void inspect(benchmark::State& state, const std::vector<std::byte>& image) {
  actors::verification::inspection_policy policy;
  policy.formats = {"raw", "iso", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "qed", "luks", "ami", "aki", "ari", "ova"};
  policy.max_virtual_size = std::uint64_t{1} << 40;
  for (auto _ : state) {
    actors::verification::stream_inspection inspection{policy};
    inspection.announce_total(image.size());
    for (std::size_t at = 0; at < image.size(); at += block_bytes)
      if (auto fed = inspection.feed(std::span{image}.subspan(at, block_bytes)); !fed) {
        state.SkipWithError(fed.error().message.c_str());
        return;
      }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(image.size()));
}
void inspect_raw(benchmark::State& state) {
  inspect(state, raw_disk());
}
void inspect_qcow2(benchmark::State& state) {
  inspect(state, qcow2_image());
}
BENCHMARK(inspect_raw)->Unit(benchmark::kMillisecond);
BENCHMARK(inspect_qcow2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
