// SPDX-License-Identifier: Apache-2.0
#include "schemas/units.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using namespace sluice::schemas;
using namespace std::chrono_literals;

TEST_CASE("Sizes are read with their units") {
  const std::vector<std::pair<std::string, std::uint64_t>> rows{
      {"0", 0},
      {"4096", 4096},
      {"1B", 1},
      {"10kB", 10'000},
      {"10KB", 10'000},
      {"10GB", 10'000'000'000},
      {"256 MiB", std::uint64_t{256} << 20},
      {"64KiB", 64 << 10},
      {"1TiB", std::uint64_t{1} << 40},
      {"3PiB", std::uint64_t{3} << 50},
      {"2PB", 2'000'000'000'000'000},
      {"9223372036854775807", 9223372036854775807u},
  };
  for (const auto& [text, bytes] : rows) {
    INFO(text);
    CHECK(parse_size(text) == bytes);
  }
}

TEST_CASE("Rates are bytes or bits per second") {
  const std::vector<std::pair<std::string, std::uint64_t>> rows{
      {"0", 0},           {"1B/s", 1},          {"100MiB/s", 100 << 20},      {"100 MiB/s", 100 << 20},
      {"10kB/s", 10'000}, {"8bit/s", 1},        {"10Gbit/s", 1'250'000'000},  {"1kbit/s", 125},
      {"2/s", 2},         {"1 Mbit/s", 125000}, {"3Tbit/s", 375'000'000'000},
  };
  for (const auto& [text, rate] : rows) {
    INFO(text);
    if (text == "2/s")
      CHECK_FALSE(parse_rate(text));
    else
      CHECK(parse_rate(text) == rate);
  }
}

TEST_CASE("Times are read with their units") {
  const std::vector<std::pair<std::string, std::chrono::microseconds>> rows{
      {"0", 0us},     {"300us", 300us}, {"4ms", 4ms}, {"60s", 60s},
      {"5min", 5min}, {"48h", 48h},     {"7d", 168h}, {"60 s", 60s},
  };
  for (const auto& [text, time] : rows) {
    INFO(text);
    CHECK(parse_duration(text) == time);
  }
}

TEST_CASE("A quantity that needs a guess is refused with an example of a good one") {
  for (const std::string text : {"",
                                 " ",
                                 "1 ",
                                 " 1",
                                 "-1",
                                 "+1",
                                 "1.5GiB",
                                 "1,5GiB",
                                 "GiB",
                                 "1  GiB",
                                 "1gib",
                                 "1G",
                                 "1iB",
                                 "1GiB ",
                                 "0x10",
                                 "1GiB/s",
                                 "9223372036854775808",
                                 "18446744073709551616",
                                 "9000PiB",
                                 "99999999999999999999GiB"}) {
    INFO(text);
    const auto size = parse_size(text);
    REQUIRE_FALSE(size);
    CHECK(size.error().code == error_code::invalid_request);
    CHECK_THAT(size.error().message, Catch::Matchers::Contains("256MiB"));
  }
  for (const std::string text : {"", "/s", "1", "1MiB", "1MiB/h", "1.5MiB/s", "-1MiB/s", "1MiB/s/s", "1Gb/s", "1Gbps",
                                 "1 /s", "99999Tbit/s999"}) {
    INFO(text);
    const auto rate = parse_rate(text);
    REQUIRE_FALSE(rate);
    CHECK_THAT(rate.error().message, Catch::Matchers::Contains("100MiB/s"));
  }
  for (const std::string text :
       {"", "1", "60", "s", "-1s", "1.5h", "1h30min", "1S", "1m", "101000000d", "99999999999999999999s"}) {
    INFO(text);
    const auto time = parse_duration(text);
    REQUIRE_FALSE(time);
    CHECK_THAT(time.error().message, Catch::Matchers::Contains("60s"));
  }
}
