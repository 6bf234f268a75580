// SPDX-License-Identifier: Apache-2.0
#include "schemas/configuration_verifiers.hpp"

#include <catch2/catch.hpp>

using namespace sluice::schemas;
using Catch::Matchers::Contains;

TEST_CASE("What a verifier cannot be is refused at the start, with file, line and key") {
  struct row {
    const char* text;
    const char* says;
  };
  const row rows[] = {
      {"[verify]\nraw = \"some\"", R"(verify.raw: expected one of "recognised", "any")"},
      {"[verify]\ndirty = true", R"(verify.dirty: expected one of "accept", "refuse")"},
      {"[verify]\ntrailing_bytes = \"yes\"", R"(verify.trailing_bytes: expected one of "accept", "refuse")"},
      {"[verify]\nformats = []", "verify.formats: expected at least one"},
      {"[verify]\nformats = [\"qcow3\"]", "verify.formats: expected one of"},
      {"[verify]\nmemory = 0", "verify.memory: expected more than zero"},
      {"[verify]\ntime = \"0\"", "verify.time: expected more than zero"},
      {"[verify]\nunpack = [\"zip\"]", "verify.unpack: expected one of"},
      {"[verify]\nunpack = \"gzip\"", "verify.unpack: expected an array"},
      {"[verify]\nunpack_ratio = 0", "verify.unpack_ratio: expected more than zero"},
      {"[verify.certificates]\nmine = \"x\"", "verify.certificates.mine: expected a UUID as the name of a certificate"},
      {"[verify.certificates]\n71c675ab-d94f-49cd-a114-e12490b328d9 = 1",
       "verify.certificates.71c675ab-d94f-49cd-a114-e12490b328d9: expected a string"},
      {"[verify.certificates]\n71c675ab-d94f-49cd-a114-e12490b328d9 = \"\"", "expected the file of the certificate"},
      {"[verify]\ncertificates = 1", "verify.certificates: expected a table"},
      {"[verify]\nconverter = \"/nowhere/qemu-img\"\n\nconvert_to = \"raw\"",
       "f.toml:4: verify.convert_to: expected \"\" because there is no qemu-img at verify.converter"},
      {"[verify]\nconvert_to = \"vmdk\"", "verify.convert_to: expected one of \"\", \"raw\", \"qcow2\", got \"vmdk\""},
      {"[verify]\ncommand = 1", "verify.command: expected an array of tables"},
      {"[[verify.command]]\nname = \"a\"",
       "f.toml:1: verify.command.0: expected a table with name and program; there is no program"},
      {"[[verify.command]]\nname = \"a\"\nprogramme = \"/bin/sh\"",
       "f.toml:3: verify.command.0.programme: expected one of the keys name, program, arguments, time, memory, "},
      {"[[verify.command]]\nname = \"A b\"\nprogram = \"/bin/sh\"",
       "f.toml:2: verify.command.0.name: expected up to 32 lower-case letters, digits and hyphens"},
      {"[[verify.command]]\nname = \"clamav\"\nprogram = \"/bin/sh\"", "verify.command.0.name: expected"},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/bin/sh\"\n[[verify.command]]\nname = \"a\"\nprogram = "
       "\"/bin/sh\"",
       "verify.command.0.name: expected a name that no other has"},
      {"[[verify.command]]\nname = \"a\"\n\nprogram = \"sh\"",
       "f.toml:4: verify.command.0.program: expected an absolute path, got \"sh\""},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/nowhere/at/all\"",
       "f.toml:3: verify.command.0.program: expected a program, but no file is at \"/nowhere/at/all\""},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/etc/passwd\"",
       "verify.command.0.program: expected a program that may be executed"},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/bin\"", "verify.command.0.program: expected a program"},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/bin/sh\"\nreadable = [\"srv\"]",
       "f.toml:4: verify.command.0.readable: expected absolute paths"},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/bin/sh\"\nformats = [\"img\"]",
       "verify.command.0.formats: expected disk formats as in verify.formats, got \"img\""},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/bin/sh\"\ntime = \"0\"", "verify.command.0.time: expected more"},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/bin/sh\"\nmemory = 0", "verify.command.0.memory: expected more"},
      {"[[verify.command]]\nname = \"a\"\nprogram = \"/bin/sh\"\non_failure = \"retry\"",
       "verify.command.0.on_failure: expected one of \"accept\", \"refuse\""},
      {"[verify.clamav]\nsocket = \"10.0.0.1:3310\"", "f.toml:2: verify.clamav.socket: expected the path"},
      {"[verify.clamav]\nsocket = \"clamd.ctl\"", "verify.clamav.socket: expected the path"},
      {"[verify.clamav]\nmax_stream = 1000", "verify.clamav.max_stream: expected at least 1 MiB"},
      {"[verify.clamav]\ntime = \"0\"", "verify.clamav.time: expected more than zero"},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    const auto parsed = parse_configuration(row.text, "f.toml");
    CHECK_THAT(parsed ? "accepted" : parsed.error().message, Contains(row.says));
  }
}

TEST_CASE("No more programs judge an image than are counted apart") {
  std::string text;
  for (char name = 'a'; name <= 'l'; ++name)
    text += std::string{"[[verify.command]]\nname = \""} + name + "\"\nprogram = \"/bin/sh\"\n";
  CHECK(parse_configuration(text, "f.toml"));
  const auto one_more =
      parse_configuration(text + "[[verify.command]]\nname = \"m\"\nprogram = \"/bin/sh\"\n", "f.toml");
  REQUIRE_FALSE(one_more);
  CHECK_THAT(one_more.error().message, Contains("verify.command: expected at most 12 programs"));
}

TEST_CASE("What is nothing but a name and a program sees every format, and a failure of it refuses the image") {
  const auto parsed = parse_configuration("[[verify.command]]\nname = \"a\"\nprogram = \"/bin/sh\"\n", "f.toml");
  REQUIRE(parsed);
  REQUIRE(parsed->verify.commands.size() == 1);
  CHECK(parsed->verify.commands[0].formats.empty());
  CHECK_FALSE(parsed->verify.commands[0].accept_on_failure);
  CHECK(parsed->verify.clamav.socket.empty());
}
