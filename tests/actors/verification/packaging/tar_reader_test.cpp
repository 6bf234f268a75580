// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/tar_reader.hpp"

#include <catch2/catch.hpp>

#include <random>

#include "tests/actors/verification/workshop.hpp"
#include "tests/hostile/images/tar.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;
using namespace sluice::actors::verification::packaging;
using sluice::schemas::error_code;
using sluice::schemas::result;

namespace {

/// Keeps what it is told.
class keeper final : public tar_receiver {
 public:
  result<void> begin_member(const tar_member& member) override {
    members.push_back(member);
    contents.emplace_back();
    return {};
  }
  result<void> take_content(std::span<const std::byte> piece) override {
    for (const auto byte : piece)
      contents.back() += static_cast<char>(byte);
    return {};
  }
  result<void> end_member() override {
    ++ended;
    return {};
  }

  std::vector<tar_member> members;
  std::vector<std::string> contents;
  std::size_t ended = 0;
};

result<void> read(const hostile::image_bytes& archive, tar_receiver& receiver, std::size_t piece) {
  tar_reader reader{receiver};
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    auto fed = reader.feed(std::span{archive}.subspan(at, std::min(piece, archive.size() - at)));
    if (!fed)
      return fed;
  }
  return reader.finish();
}

void check_archive_refused(const hostile::image_bytes& archive, error_code code = error_code::unpacking_failed) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{700}, archive.size()}) {
    keeper kept;
    const auto judged = read(archive, kept, piece);
    REQUIRE_FALSE(judged.has_value());
    INFO(judged.error().message);
    CHECK(judged.error().code == code);
    CHECK(judged.error().message.back() == '.');
  }
}

hostile::image_bytes one(const tar_entry& entry) {
  return tar_archive({entry});
}

}  // namespace

TEST_CASE("members of an archive arrive whole and in order, however the bytes are cut") {
  const auto archive =
      tar_archive({{"machine.ovf", "<Envelope/>"}, {"empty", ""}, {"disk.vmdk", std::string(1500, 'x')}});
  for (const std::size_t piece : {std::size_t{1}, std::size_t{511}, std::size_t{513}, archive.size()}) {
    keeper kept;
    const auto judged = read(archive, kept, piece);
    INFO((judged ? std::string{} : judged.error().message));
    REQUIRE(judged.has_value());
    REQUIRE(kept.members.size() == 3);
    CHECK(kept.ended == 3);
    CHECK(kept.members[0].name == "machine.ovf");
    CHECK(kept.contents[0] == "<Envelope/>");
    CHECK(kept.members[1].size == 0);
    CHECK(kept.members[2].size == 1500);
    CHECK(kept.contents[2] == std::string(1500, 'x'));
  }
}

TEST_CASE("an archive as tar itself writes it is read in each of its plain formats") {
  const workshop here;
  REQUIRE(here.run("printf hello >machine.ovf && head -c 5000 /dev/zero >disk.vmdk"));
  for (const std::string format : {"ustar", "gnu", "pax"}) {
    INFO(format);
    REQUIRE(here.run("tar --format=" + format + " -cf archive machine.ovf disk.vmdk"));
    keeper kept;
    const auto judged = read(here.image("archive"), kept, 4096);
    INFO((judged ? std::string{} : judged.error().message));
    REQUIRE(judged.has_value());
    CHECK(kept.contents == std::vector<std::string>{"hello", std::string(5000, '\0')});
  }
}

TEST_CASE("a member's name and size may stand in a pax record, its size in GNU's binary form") {
  keeper kept;
  const auto archive = tar_archive({{"a", "24 path=other-name.vmdk\n", 'x'}, {"short", "abc"}});
  REQUIRE(read(archive, kept, 100).has_value());
  CHECK(kept.members.front().name == "other-name.vmdk");
  auto binary = one({"disk", "abc"});
  for (std::size_t i = 0; i < 12; ++i)
    put_byte(binary, 124 + i, i == 0 ? 0x80 : i == 11 ? 3 : 0);
  seal_tar(binary, 0);
  keeper other;
  REQUIRE(read(binary, other, 100).has_value());
  CHECK(other.contents.front() == "abc");
}

TEST_CASE("anything but plain files is refused") {
  for (const char type : {'1', '2', '3', '4', '5', '6', '7', 'L', 'K', 'S', 'D', 'V', 'M'})
    check_archive_refused(one({"name", "", type}));
  check_archive_refused(tar_archive({{"p", "12 linkpath\n", 'x'}, {"a", ""}}));
  check_archive_refused(tar_archive({{"p", "22 GNU.sparse.major=1\n", 'x'}, {"a", ""}}));
  check_archive_refused(tar_archive({{"p", "10 path=b\n", 'g'}, {"a", ""}}));
}

TEST_CASE("names that are paths, hidden or used twice are refused") {
  for (const std::string name : {"/etc/passwd", "../x", "a/b", "./a", ".hidden", "a\\b", "c:x", "a\nb", ""})
    check_archive_refused(one({name, "x"}));
  check_archive_refused(tar_archive({{"a", "1"}, {"a", "2"}}));
  check_archive_refused(tar_archive({{"p", "14 path=../up\n", 'x'}, {"a", "1"}}));
  auto folder = one({"name", "x"});
  put_text(folder, 345, "folder");
  seal_tar(folder, 0);
  check_archive_refused(folder);
}

TEST_CASE("damaged headers and impossible sizes are refused") {
  auto archive = one({"name", "x"});
  put_byte(archive, 5, 'y');
  check_archive_refused(archive);
  archive = one({"name", "x"});
  put_text(archive, 257, "nothi");
  seal_tar(archive, 0);
  check_archive_refused(archive);
  archive = one({"name", "x"});
  put_text(archive, 124, "9999999");
  seal_tar(archive, 0);
  check_archive_refused(archive);
  archive = one({"name", "x"});
  for (std::size_t i = 0; i < 12; ++i)
    put_byte(archive, 124 + i, i == 0 ? 0x80 : 0xFF);
  seal_tar(archive, 0);
  check_archive_refused(archive);
  check_archive_refused(tar_archive({{"p", "99 size=1\n", 'x'}, {"a", "1"}}));
  check_archive_refused(tar_archive({{"p", "29 size=99999999999999999999\n", 'x'}, {"a", "1"}}));
  check_archive_refused(tar_archive({{"p", std::string(70'000, 'x'), 'x'}, {"a", "1"}}));
}

TEST_CASE("an archive that was cut off, or goes on after its end, is refused") {
  const auto archive = one({"name", std::string(1000, 'x')});
  for (const std::size_t length : {100, 512, 900, 1536})
    check_archive_refused({archive.begin(), archive.begin() + static_cast<std::ptrdiff_t>(length)},
                          error_code::image_truncated);
  auto longer = archive;
  longer.resize(longer.size() + 10);
  longer.back() = std::byte{1};
  check_archive_refused(longer);
}

TEST_CASE("an archive of too many members is refused") {
  std::vector<tar_entry> many;
  for (int i = 0; i < 1001; ++i)
    many.push_back({std::to_string(i), ""});
  keeper kept;
  CHECK_FALSE(read(tar_archive(many), kept, 100'000).has_value());
  CHECK(kept.members.size() == 1000);
}

TEST_CASE("no mutation of an archive makes the reader fall, or hand out a name that is not plain") {
  const auto archive =
      tar_archive({{"p", "24 path=other-name.vmdk\n", 'x'}, {"a", "one"}, {"b", std::string(600, 'x')}});
  std::mt19937 random{Catch::rngSeed()};
  for (int round = 0; round < 2000; ++round) {
    auto mutant = archive;
    const auto header = random() % 3 * 1024;
    for (int i = 0; i < 3; ++i)
      mutant[(header + random() % 512) % mutant.size()] = static_cast<std::byte>(random());
    if (random() % 2 == 0)
      seal_tar(mutant, std::min<std::size_t>(header, mutant.size() - 512));
    keeper kept;
    const auto judged = read(mutant, kept, 1 + random() % 2000);
    if (!judged && judged.error().message.empty())
      FAIL("refused without a sentence");
    for (const auto& member : kept.members)
      if (member.name.find('/') != std::string::npos)
        FAIL("a path came through");
  }
}
