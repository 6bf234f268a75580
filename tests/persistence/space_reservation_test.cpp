// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <limits>
#include <thread>

#include "tests/persistence/aligned_bytes.hpp"
#include "tests/persistence/memory_filesystem.hpp"
#include "tests/persistence/records.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;
using sluice::schemas::error_code;

constexpr std::uint64_t mib = 1 << 20;

/// A disk of 64 MiB that nobody else writes to; without the right to mount one there is nothing to count on.
struct quiet_disk {
  memory_filesystem disk{"tmpfs", "size=64m"};
  std::unique_ptr<blob_store> store;

  explicit quiet_disk(std::uint64_t floor = 0) {
    if (!disk) {
      WARN("skipped: tmpfs cannot be mounted here");
      return;
    }
    auto opened = blob_store::open(disk.path(), floor);
    REQUIRE(opened.has_value());
    store = std::move(*opened);
  }
};

TEST_CASE("promises never exceed the free space, however many ask at once") {
  quiet_disk quiet;
  if (!quiet.store)
    return;
  const auto before = quiet.store->free_bytes();
  const auto share = before / 10;
  std::atomic<int> granted = 0;
  std::atomic<bool> go = false;
  std::array<space_reservation, 32> reservations;
  std::vector<std::thread> threads;
  for (auto& reservation : reservations) {
    reservation = quiet.store->reserve();
    threads.emplace_back([&reservation, &granted, &go, share] {
      while (!go)
        std::this_thread::yield();
      if (reservation.grow_to(share / 2) && reservation.grow_to(share))
        ++granted;
    });
  }
  go = true;
  for (auto& thread : threads)
    thread.join();
  CHECK(granted <= 10);
  CHECK(quiet.store->free_bytes() < share);
  for (auto& reservation : reservations)
    reservation = {};
  CHECK(quiet.store->free_bytes() == before);
}

TEST_CASE("a promise is given back on destruction and follows a move") {
  quiet_disk quiet;
  if (!quiet.store)
    return;
  auto& store = *quiet.store;
  const auto before = store.free_bytes();
  {
    auto first = store.reserve();
    REQUIRE(first.grow_to(10 * mib));
    REQUIRE(first.grow_to(5 * mib));  // never shrinks
    CHECK(store.free_bytes() == before - 10 * mib);
    space_reservation second{std::move(first)};
    CHECK(store.free_bytes() == before - 10 * mib);
    auto third = store.reserve();
    REQUIRE(third.grow_to(mib));
    third = std::move(second);
    CHECK(store.free_bytes() == before - 10 * mib);
    third.written(4 * mib);
    CHECK(store.free_bytes() == before - 6 * mib);
    third.written(100 * mib);  // no more than was promised
    CHECK(store.free_bytes() == before);
  }
  CHECK(store.free_bytes() == before);
}

TEST_CASE("what cannot be held back is refused as disk_full and changes nothing") {
  quiet_disk quiet{20 * mib};
  if (!quiet.store)
    return;
  auto& store = *quiet.store;
  const auto before = store.free_bytes();
  CHECK(before <= 44 * mib);  // the floor is nobody's
  auto reservation = store.reserve();
  for (const auto bytes : {before + 1, std::numeric_limits<std::uint64_t>::max()}) {
    const auto refused = reservation.grow_to(bytes);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::disk_full);
    CHECK(store.free_bytes() == before);
  }
  CHECK(reservation.grow_to(before));
  CHECK(store.free_bytes() == 0);
  CHECK_FALSE(store.reserve().grow_to(1));
}

TEST_CASE("bytes on the disk are counted once, written or resumed") {
  quiet_disk quiet;
  if (!quiet.store)
    return;
  auto& store = *quiet.store;
  const auto before = store.free_bytes();
  aligned_bytes bytes{8 * mib};
  bytes.fill_random(1);
  {
    auto reservation = store.reserve();
    REQUIRE(reservation.grow_to(30 * mib));
    auto file = store.create_staged(uuid(1));
    REQUIRE(file.has_value());
    REQUIRE(file->write_at(0, bytes.span()));
    reservation.written(8 * mib);
    CHECK(store.free_bytes() <= before - 30 * mib);
    CHECK(store.free_bytes() >= before - 31 * mib);
  }
  auto resumed = store.reserve(8 * mib);
  REQUIRE(resumed.grow_to(30 * mib));
  CHECK(store.free_bytes() <= before - 30 * mib);
  CHECK(store.free_bytes() >= before - 31 * mib);
}

TEST_CASE("a floor above what the disk has leaves nothing to promise") {
  const temporary_directory where;
  auto store = blob_store::open(where.path(), std::numeric_limits<std::uint64_t>::max());
  REQUIRE(store.has_value());
  CHECK((*store)->free_bytes() == 0);
  auto reservation = (*store)->reserve();
  CHECK_FALSE(reservation.grow_to(1));
}

TEST_CASE("a reservation of no store promises nothing") {
  space_reservation none;
  CHECK(none.grow_to(1).error().code == error_code::internal_error);
  none.written(1);
}

}  // namespace
