// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "persistence/impl/zero_runs.hpp"
#include "tests/persistence/aligned_bytes.hpp"
#include "tests/persistence/memory_filesystem.hpp"
#include "tests/persistence/records.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;
using sluice::schemas::error_code;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr std::uint64_t reservoir = 0;  ///< no floor

std::unique_ptr<blob_store> open_store(const std::filesystem::path& where) {
  auto opened = blob_store::open(where, reservoir);
  INFO((opened ? std::string{} : opened.error().message));
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

struct stat facts_of(const staged_file& file) {
  struct stat facts {};
  REQUIRE(::fstat(file.native_handle(), &facts) == 0);
  return facts;
}

std::uint64_t allocated(const staged_file& file) {
  return static_cast<std::uint64_t>(facts_of(file).st_blocks) * 512;
}

/// The file's bytes, read past the store.
std::vector<std::byte> contents(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::vector<std::byte> bytes;
  for (char character = 0; stream.get(character);)
    bytes.push_back(static_cast<std::byte>(character));
  return bytes;
}

bool same(std::span<const std::byte> left, std::span<const std::byte> right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

TEST_CASE("zeros are told from anything else wherever the one byte stands") {
  aligned_bytes bytes{64 * kib};
  CHECK(all_zero(bytes.span()));
  CHECK(all_zero(bytes.part(0, 0)));
  for (const std::size_t size : {1, 15, 16, 17, 4096, 65536})
    for (const std::size_t position : {std::size_t{0}, size / 2, size - 1}) {
      bytes.span()[position] = std::byte{1};
      CHECK_FALSE(all_zero(bytes.part(0, size)));
      bytes.span()[position] = std::byte{0};
      CHECK(all_zero(bytes.part(0, size)));
    }
  bytes.fill(std::byte{7});  // equal to itself, but not zero
  CHECK_FALSE(all_zero(bytes.span()));
}

TEST_CASE("what was written, with holes and an odd tail, is what the file holds") {
  const temporary_directory disk;
  const memory_filesystem tmpfs{"tmpfs", "size=64m"};
  const memory_filesystem ramfs{"ramfs", ""};  // has neither O_DIRECT nor holes to punch
  const auto on = GENERATE(as<std::string>{}, "disk", "tmpfs", "ramfs");
  CAPTURE(on);
  if ((on == "tmpfs" && !tmpfs) || (on == "ramfs" && !ramfs)) {
    WARN("skipped: " << on << " cannot be mounted here");
    return;
  }
  const auto where = on == "disk" ? disk.path() : on == "tmpfs" ? tmpfs.path() : ramfs.path();
  const auto store = open_store(where);
  auto file = store->create_staged(uuid(1));
  REQUIRE(file.has_value());
  if (on == "ramfs")
    CHECK_FALSE(file->direct());

  constexpr std::size_t tail = 1234;
  aligned_bytes bytes{6 * mib + tail};
  bytes.fill_random(1);
  const auto zero = [&](std::size_t from, std::size_t count) {
    std::fill_n(bytes.span().begin() + static_cast<std::ptrdiff_t>(from), count, std::byte{0});
  };
  zero(0, 64 * kib);                // a hole at the start
  zero(mib - 32 * kib, 200 * kib);  // across blocks, not aligned: 128 KiB of it can be a hole
  zero(3 * mib, mib);               // a whole block
  zero(5 * mib + 1, 64 * kib);      // too short once aligned
  SECTION("block by block") {
    for (std::size_t offset = 0; offset < 6 * mib; offset += mib)
      REQUIRE(file->write_at(offset, bytes.part(offset, mib)));
    REQUIRE(file->write_at(6 * mib, bytes.part(6 * mib, tail)));
  }
  SECTION("four blocks at once, from scattered buffers") {
    std::vector<aligned_bytes> blocks;
    for (std::size_t offset = 0; offset < 6 * mib + tail; offset += 256 * kib) {
      const auto part = bytes.part(offset, std::min(256 * kib, 6 * mib + tail - offset));
      std::copy(part.begin(), part.end(), blocks.emplace_back(part.size()).span().begin());
    }
    for (std::size_t first = 0; first < blocks.size(); first += 4) {
      std::vector<std::span<const std::byte>> parts;
      for (auto block = first; block < std::min(first + 4, blocks.size()); ++block)
        parts.emplace_back(blocks[block].span());
      REQUIRE(file->write_gather(first * 256 * kib, parts));
    }
  }
  REQUIRE(file->sync(bytes.span().size()));
  CHECK(file->length() == bytes.span().size());
  const auto found = contents(where / "staging" / uuid(1));
  CHECK(same(found, bytes.span()));

  aligned_bytes back{mib};
  std::vector<std::byte> read;
  for (;;) {
    const auto count = file->read_at(read.size(), back.span());
    REQUIRE(count.has_value());
    if (*count == 0)
      break;
    read.insert(read.end(), back.span().begin(), back.span().begin() + static_cast<std::ptrdiff_t>(*count));
    if (*count % write_alignment != 0)
      break;  // the odd tail is the end
  }
  CHECK(same(read, bytes.span()));
  if (on == "disk")
    CHECK(allocated(*file) <= 6 * mib + 4 * kib - (mib + 64 * kib + 128 * kib) + 64 * kib);
}

TEST_CASE("zeros take no disk, also at the end, and a file of zeros takes none at all") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  auto file = store->create_staged(uuid(1));
  REQUIRE(file.has_value());
  const aligned_bytes zeros{mib};
  for (std::uint64_t offset = 0; offset < 64 * mib; offset += mib)
    REQUIRE(file->write_at(offset, zeros.span()));
  REQUIRE(file->sync(64 * mib));
  CHECK(facts_of(*file).st_size == 64 * mib);
  CHECK(allocated(*file) <= 16 * kib);
}

TEST_CASE("zeros written where data was make a hole of it") {
  const temporary_directory disk;
  const memory_filesystem ramfs{"ramfs", ""};
  const auto on = GENERATE(as<std::string>{}, "disk", "ramfs");
  CAPTURE(on);
  if (on == "ramfs" && !ramfs) {
    WARN("skipped: ramfs cannot be mounted here");
    return;
  }
  const auto where = on == "disk" ? disk.path() : ramfs.path();
  const auto store = open_store(where);
  aligned_bytes bytes{mib};
  bytes.fill_random(2);
  {
    auto file = store->create_staged(uuid(1));
    REQUIRE(file.has_value());
    REQUIRE(file->write_at(0, bytes.span()));
    REQUIRE(file->sync(mib));
  }
  auto file = store->open_staged(uuid(1));  // a restart
  REQUIRE(file.has_value());
  const aligned_bytes zeros{512 * kib};
  REQUIRE(file->write_at(256 * kib, zeros.span()));
  REQUIRE(file->sync(mib));
  std::fill_n(bytes.span().begin() + 256 * kib, 512 * kib, std::byte{0});
  CHECK(same(contents(where / "staging" / uuid(1)), bytes.span()));
  if (on == "disk")
    CHECK(allocated(*file) <= 512 * kib + 16 * kib);
}

TEST_CASE("zeros over what the same open file wrote before are zeros") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  auto file = store->create_staged(uuid(1));
  REQUIRE(file.has_value());
  aligned_bytes bytes{256 * kib};
  bytes.fill_random(8);
  REQUIRE(file->write_at(0, bytes.span()));
  bytes.fill(std::byte{0});
  REQUIRE(file->write_at(0, bytes.span()));
  REQUIRE(file->sync(256 * kib));
  CHECK(same(contents(where.path() / "staging" / uuid(1)), bytes.span()));
}

TEST_CASE("a staged file goes on after a restart at the length that was durable") {
  const temporary_directory where;
  aligned_bytes bytes{mib};
  bytes.fill_random(3);
  {
    const auto store = open_store(where.path());
    auto file = store->create_staged(uuid(1));
    REQUIRE(file.has_value());
    REQUIRE(file->write_at(0, bytes.part(0, 512 * kib)));
    REQUIRE(file->sync(512 * kib));
    aligned_bytes lost{256 * kib};
    lost.fill_random(4);
    REQUIRE(file->write_at(512 * kib, lost.span()));  // never synced: to be thrown away
  }
  const auto store = open_store(where.path());
  auto file = store->open_staged(uuid(1));
  REQUIRE(file.has_value());
  REQUIRE(file->truncate(512 * kib));
  CHECK(file->length() == 512 * kib);
  REQUIRE(file->write_at(512 * kib, bytes.part(512 * kib, 512 * kib)));
  REQUIRE(file->sync(mib));
  CHECK(same(contents(where.path() / "staging" / uuid(1)), bytes.span()));
}

TEST_CASE("a write at an odd offset is refused, an empty one is nothing") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  auto file = store->create_staged(uuid(1));
  REQUIRE(file.has_value());
  const aligned_bytes bytes{4 * kib};
  const auto refused = file->write_at(100, bytes.span());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::internal_error);
  CHECK(file->write_at(0, {}));
  CHECK(file->write_gather(0, {}));
  CHECK(file->length() == 0U);
}

TEST_CASE("a write that O_DIRECT refuses is written through the cache, and so is the rest") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  auto file = store->create_staged(uuid(1));
  REQUIRE(file.has_value());
  if (!file->direct())
    WARN("the disk of this machine has no O_DIRECT: only the fall-back is tested");
  aligned_bytes bytes{mib};
  bytes.fill_random(7);
  REQUIRE(file->write_at(0, bytes.part(0, 256 * kib)));
  REQUIRE(file->write_at(256 * kib, bytes.part(256 * kib + 1, 256 * kib)));  // from an odd address
  REQUIRE(file->write_at(512 * kib, bytes.part(512 * kib, 512 * kib)));
  REQUIRE(file->sync(mib));
  const auto found = contents(where.path() / "staging" / uuid(1));
  REQUIRE(found.size() == mib);
  CHECK(same({found.data(), 256 * kib}, bytes.part(0, 256 * kib)));
  CHECK(same({found.data() + 256 * kib, 256 * kib}, bytes.part(256 * kib + 1, 256 * kib)));
  CHECK(same({found.data() + 512 * kib, 512 * kib}, bytes.part(512 * kib, 512 * kib)));
}

TEST_CASE("a buffered write larger than the bound is still written whole") {
  const memory_filesystem ramfs{"ramfs", ""};
  if (!ramfs) {
    WARN("skipped: ramfs cannot be mounted here");
    return;
  }
  const auto store = open_store(ramfs.path());
  auto file = store->create_staged(uuid(1));
  REQUIRE(file.has_value());
  aligned_bytes bytes{10 * mib};
  bytes.fill_random(5);
  REQUIRE(file->write_at(0, bytes.span()));
  REQUIRE(file->sync(bytes.span().size()));
  CHECK(same(contents(ramfs.path() / "staging" / uuid(1)), bytes.span()));
}

TEST_CASE("a full disk says disk_full, and room again lets the import go on") {
  const memory_filesystem tmpfs{"tmpfs", "size=2m"};
  if (!tmpfs) {
    WARN("skipped: tmpfs cannot be mounted here");
    return;
  }
  const auto store = open_store(tmpfs.path());
  auto file = store->create_staged(uuid(1));
  REQUIRE(file.has_value());
  aligned_bytes bytes{mib};
  bytes.fill_random(6);
  sluice::schemas::result<void> outcome;
  std::uint64_t offset = 0;
  for (; offset < 8 * mib; offset += mib)
    if (outcome = file->write_at(offset, bytes.span()); !outcome)
      break;
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == error_code::disk_full);
  CHECK(offset <= 2 * mib);
  REQUIRE(file->truncate(0));
  CHECK(file->write_at(0, bytes.span()));
  CHECK(file->sync(mib));
}

}  // namespace
