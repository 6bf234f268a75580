// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tests/persistence/aligned_bytes.hpp"
#include "tests/persistence/records.hpp"
#include "tests/support/file_content.hpp"

namespace {

using namespace sluice::tests;
using namespace sluice::persistence;
using sluice::schemas::error_code;
using strings = std::vector<std::string>;
namespace fs = std::filesystem;

std::unique_ptr<blob_store> open_store(const fs::path& where) {
  auto opened = blob_store::open(where, 0);
  INFO((opened ? std::string{} : opened.error().message));
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

mode_t mode_of(const fs::path& path) {
  struct stat facts {};
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

std::string text_of(int file) {
  std::string text(1000, '\0');
  const auto count = ::pread(file, text.data(), text.size(), 0);
  REQUIRE(count >= 0);
  text.resize(static_cast<std::size_t>(count));
  return text;
}

/// A staged file with `text` in it, durable.
void stage(blob_store& store, const std::string& id, std::string_view text) {
  auto file = store.create_staged(id);
  REQUIRE(file.has_value());
  aligned_bytes bytes{text.size()};
  std::transform(text.begin(), text.end(), bytes.span().begin(), [](char c) { return static_cast<std::byte>(c); });
  REQUIRE(file->write_at(0, bytes.span()));
  REQUIRE(file->sync(text.size()));
}

strings sorted(strings names) {
  std::sort(names.begin(), names.end());
  return names;
}

TEST_CASE("directories and files are the service's alone, also where they were open before") {
  const temporary_directory where;
  fs::create_directory(where / "data");
  fs::permissions(where / "data", fs::perms::all);
  fs::create_directory(where.path() / "data" / "staging");
  fs::permissions(where.path() / "data" / "staging", fs::perms::all);
  const auto store = open_store(where / "data");
  stage(*store, uuid(1), "bytes");
  CHECK(mode_of(where / "data") == 0700);
  CHECK(mode_of(where.path() / "data" / "staging") == 0700);
  CHECK(mode_of(where.path() / "data" / "images") == 0700);
  CHECK(mode_of(where.path() / "data" / "staging" / uuid(1)) == 0600);
}

TEST_CASE("publishing moves the bytes whole, makes them read-only, and may be repeated") {
  const temporary_directory where;
  auto store = open_store(where.path());
  stage(*store, uuid(1), "the image");
  CHECK(store->staged_ids() == strings{uuid(1)});
  const auto absent = store->open_image(uuid(2));
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == error_code::not_found);
  REQUIRE(store->publish(uuid(1), uuid(2)));
  CHECK(store->publish(uuid(1), uuid(2)));
  store.reset();
  store = open_store(where.path());
  CHECK(store->publish(uuid(1), uuid(2)));
  CHECK(store->staged_ids().empty());
  CHECK(store->image_ids() == strings{uuid(2)});
  CHECK(mode_of(where.path() / "images" / uuid(2)) == 0400);
  const auto image = store->open_image(uuid(2));
  REQUIRE(image.has_value());
  CHECK(text_of(image->get()) == "the image");
  CHECK((::fcntl(image->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a published image is never replaced") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  stage(*store, uuid(1), "first");
  REQUIRE(store->publish(uuid(1), uuid(9)));
  stage(*store, uuid(1), "second");
  const auto refused = store->publish(uuid(1), uuid(9));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::store_failed);
  CHECK(text_of(store->open_image(uuid(9))->get()) == "first");
  CHECK(store->staged_ids() == strings{uuid(1)});
}

TEST_CASE("publishing what is nowhere says so") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  const auto refused = store->publish(uuid(1), uuid(2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::not_found);
}

TEST_CASE("a crash between making the file read-only and the rename is finished or undone") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  stage(*store, uuid(1), "the image");
  fs::permissions(where.path() / "staging" / uuid(1), fs::perms::owner_read);
  SECTION("finished") {
    CHECK(store->publish(uuid(1), uuid(2)));
    CHECK(text_of(store->open_image(uuid(2))->get()) == "the image");
  }
  SECTION("opened for writing again") {
    auto file = store->open_staged(uuid(1));
    REQUIRE(file.has_value());
    CHECK(file->truncate(0));
  }
  SECTION("removed") {
    CHECK(store->remove_staged(uuid(1)));
    CHECK(store->staged_ids().empty());
  }
}

TEST_CASE("an open image stays readable after it was removed, and is gone for everybody else") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  stage(*store, uuid(1), "the image");
  REQUIRE(store->publish(uuid(1), uuid(2)));
  const auto reading = store->open_image(uuid(2));
  REQUIRE(reading.has_value());
  CHECK(store->remove_image(uuid(2)));
  CHECK(store->remove_image(uuid(2)));
  CHECK_FALSE(store->open_image(uuid(2)).has_value());
  CHECK(text_of(reading->get()) == "the image");
}

TEST_CASE("staging the same import twice is a conflict; opening or removing an absent one is plain") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  stage(*store, uuid(1), "bytes");
  const auto twice = store->create_staged(uuid(1));
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().code == error_code::conflict);
  const auto absent = store->open_staged(uuid(2));
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == error_code::not_found);
  CHECK(store->remove_staged(uuid(2)));
  CHECK(store->remove_image(uuid(2)));
}

TEST_CASE("only ids name files: everything else is refused before it reaches the disk") {
  const temporary_directory where;
  const auto store = open_store(where / "data");
  std::ofstream{where / "outside"} << "not yours";
  using namespace std::string_literals;
  const strings hostile{"",
                        ".",
                        "..",
                        "../outside",
                        "../../outside",
                        "/etc/passwd",
                        "a/b",
                        "plain",
                        std::string(36, 'a'),
                        std::string(36, '-'),
                        std::string(5000, 'a'),
                        uuid(1) + "\0"s,
                        uuid(1) + "/../x",
                        "../" + uuid(1),
                        uuid(1).substr(1),
                        "0000000A-0000-4000-8000-000000000000",
                        "0000000g-0000-4000-8000-000000000000",
                        "00000000-0000-4000-8000-00000000\xc3\xa9 0"};
  for (const auto& name : hostile) {
    CAPTURE(name);
    CHECK_FALSE(store->create_staged(name).has_value());
    CHECK_FALSE(store->open_staged(name).has_value());
    CHECK_FALSE(store->publish(name, uuid(1)));
    CHECK_FALSE(store->publish(uuid(1), name));
    const auto image = store->open_image(name);
    REQUIRE_FALSE(image.has_value());
    CHECK(image.error().code == error_code::not_found);
  }
  for (const auto& name : {""s, "."s, ".."s, "../outside"s, "/etc/passwd"s, "a/b"s, "a\0b"s, std::string(256, 'a')}) {
    CAPTURE(name);
    CHECK_FALSE(store->remove_staged(name));
    CHECK_FALSE(store->remove_image(name));
  }
  CHECK(fs::exists(where / "outside"));
  CHECK(store->staged_ids().empty());
  CHECK(store->image_ids().empty());
}

TEST_CASE("a link, a directory or a pipe in place of a file is never followed, opened or waited for") {
  const temporary_directory where;
  const auto store = open_store(where / "data");
  std::ofstream{where / "target"} << "not yours";
  const auto staged = where.path() / "data" / "staging" / uuid(1);
  const auto image = where.path() / "data" / "images" / uuid(2);
  SECTION("link") {
    fs::create_symlink(where / "target", staged);
    fs::create_symlink(where / "target", image);
  }
  SECTION("dangling link") {
    fs::create_symlink(where / "nothing", staged);
    fs::create_symlink(where / "nothing", image);
  }
  SECTION("directory") {
    fs::create_directory(staged);
    fs::create_directory(image);
  }
  SECTION("pipe") {
    REQUIRE(::mkfifo(staged.c_str(), 0600) == 0);
    REQUIRE(::mkfifo(image.c_str(), 0600) == 0);
  }
  CHECK_FALSE(store->create_staged(uuid(1)).has_value());
  CHECK_FALSE(store->open_staged(uuid(1)).has_value());
  CHECK_FALSE(store->publish(uuid(1), uuid(3)));
  const auto opened = store->open_image(uuid(2));
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == error_code::store_failed);
  stage(*store, uuid(4), "bytes");
  CHECK_FALSE(store->publish(uuid(4), uuid(2)));
  CHECK(file_content(where / "target") == "not yours");
  CHECK_FALSE(fs::exists(where / "nothing"));
}

TEST_CASE("a data directory whose parts are links or files is refused") {
  const temporary_directory where;
  const auto part = GENERATE(as<std::string>{}, "staging", "images");
  fs::create_directory(where / "elsewhere");
  SECTION("link") {
    fs::create_symlink(where / "elsewhere", where.path() / part);
  }
  SECTION("file") {
    std::ofstream{where.path() / part} << "in the way";
  }
  const auto refused = blob_store::open(where.path(), 0);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == error_code::store_failed);
  CHECK(refused.error().message.find(part) != std::string::npos);
}

TEST_CASE("orphans are listed to be swept, and the sweep takes whatever was listed") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  stage(*store, uuid(1), "bytes");
  stage(*store, uuid(2), "bytes");
  REQUIRE(store->publish(uuid(2), uuid(3)));
  std::ofstream{where.path() / "staging" / "left over.tmp"} << "x";
  fs::create_symlink("/etc/passwd", where.path() / "staging" / "link");
  std::ofstream{where.path() / "images" / "notes.txt"} << "an operator's";
  fs::create_directory(where.path() / "images" / "lost+found");
  CHECK(sorted(store->staged_ids()) == strings{uuid(1), "left over.tmp", "link"});
  CHECK(store->image_ids() == strings{uuid(3)});
  for (const auto& name : store->staged_ids())
    CHECK(store->remove_staged(name));
  CHECK(store->staged_ids().empty());
  CHECK(fs::exists("/etc/passwd"));
}

TEST_CASE("a data directory serves one process at a time") {
  const temporary_directory where;
  const auto store = open_store(where.path());
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto second = blob_store::open(where.path(), 0);
    ::_exit(!second && second.error().code == error_code::store_failed ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
