// SPDX-License-Identifier: Apache-2.0
#include "actors/conversion/read_back.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "actors/conversion/qemu_conversion.hpp"
#include "actors/pipeline/lanes.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace sluice;
using schemas::error_code;

namespace {

persistence::unique_fd file_of(const tests::temporary_directory& folder, const std::string& bytes) {
  const auto path = folder / "image";
  const persistence::unique_fd writing{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600)};
  REQUIRE(::write(writing.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return persistence::unique_fd{::open(path.c_str(), O_RDONLY)};
}

std::string digest(const std::string& algorithm, const std::string& bytes) {
  actors::digest_lane lane{algorithm};
  REQUIRE(lane.consume(std::as_bytes(std::span{bytes})));
  REQUIRE(lane.finish());
  return lane.value();
}

}  // namespace

TEST_CASE("what is read back has the digests of its bytes, whatever its length") {
  tests::temporary_directory folder;
  for (const std::size_t size : {0U, 1U, 511U, 4096U, 4097U, 262'143U, 262'144U, 700'001U}) {
    INFO(size);
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      bytes[i] = static_cast<char>(i * 31 + i / 1000);
    for (const auto* const algorithm : {"sha512", "sha256"}) {
      const auto file = file_of(folder, bytes);
      actors::read_back_plan plan;
      plan.file = file.get();
      plan.os_hash_algo = algorithm;
      std::uint64_t progress = 0;
      plan.on_progress = [&](std::uint64_t read) { progress = read; };
      const auto facts = actors::read_back(plan);
      REQUIRE(facts);
      CHECK(facts->size == size);
      CHECK(progress == size);
      CHECK(facts->os_hash_value == digest(algorithm, bytes));
      CHECK(facts->md5 == digest("md5", bytes));
    }
  }
}

TEST_CASE("reading back ends when it is told to, and says so") {
  tests::temporary_directory folder;
  const auto file = file_of(folder, std::string(1 << 20, 'x'));
  actors::read_back_plan plan;
  plan.file = file.get();
  int looks = 0;
  plan.stopped = [&] { return ++looks > 2; };
  const auto facts = actors::read_back(plan);
  REQUIRE_FALSE(facts);
  CHECK(facts.error().code == error_code::cancelled);
}

TEST_CASE("what is read back can be judged as it streams: a raw disk that begins as a qcow2 is none") {
  tests::temporary_directory folder;
  std::string bytes(1 << 20, 'x');
  bytes.replace(0, 8, std::string{"QFI\xfb\0\0\0\3", 8});
  const auto file = file_of(folder, bytes);
  actors::read_back_plan plan;
  plan.file = file.get();
  auto& policy = plan.inspection.emplace();
  policy.raw = schemas::raw_policy::any;
  policy.declared_format = "raw";
  CHECK_FALSE(actors::read_back(plan));
  const auto plain = file_of(folder, std::string(1 << 20, 'x'));
  plan.file = plain.get();
  const auto facts = actors::read_back(plan);
  REQUIRE(facts);
  CHECK(facts->disk_format == "raw");
  CHECK(facts->virtual_size == 1 << 20);
}

TEST_CASE("a file that cannot be read is the disk's fault") {
  actors::read_back_plan plan;
  plan.file = -1;
  const auto facts = actors::read_back(plan);
  REQUIRE_FALSE(facts);
  CHECK(facts.error().code == error_code::store_failed);
}

TEST_CASE("a conversion says both formats, and is promised the space that it can take") {
  const auto command = actors::conversion_command("/usr/bin/qemu-img", "vhd", "raw", true);
  CHECK(command == std::vector<std::string>{"/usr/bin/qemu-img", "convert", "-f", "vpc", "-O", "raw", "-T", "none",
                                            "-t", "none", "/proc/self/fd/3", "/proc/self/fd/4"});
  CHECK(actors::conversion_command("q", "raw", "qcow2", false)[7] == "writeback");
  actors::conversion_request request;
  request.to = "raw";
  request.virtual_size = std::uint64_t{1} << 40;
  request.allocated = std::uint64_t{1} << 30;
  CHECK(actors::space_for(request, 5) == (std::uint64_t{1} << 30) + (16 << 20));
  request.allocated = 0;  // a raw disk: what it takes on the disk counts
  CHECK(actors::space_for(request, 1 << 20) == 17 << 20);
  request.virtual_size = 1000;
  CHECK(actors::space_for(request, 1 << 20) == 1000);
  request.to = "qcow2";
  CHECK(actors::space_for(request, 1 << 20) > 1000);
}
