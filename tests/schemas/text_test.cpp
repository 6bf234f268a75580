// SPDX-License-Identifier: Apache-2.0
#include "schemas/text.hpp"

#include <catch2/catch.hpp>

using namespace sluice::schemas;

TEST_CASE("what is shown is one line without control characters, in whole UTF-8 or in broken") {
  CHECK(one_line("a\tb\r\nc") == "a b  c");
  CHECK(one_line({"a\0\x1b[1m\x7f\xc2\x9b", 10}) == "a[1m");
  CHECK(one_line("\xc2\xa0\xc3\xa9\xe2\x82\xac") == "\xc2\xa0\xc3\xa9\xe2\x82\xac");
  // Taking one control character out must not put the halves of another together.
  for (const auto* const broken : {"\xc2\xc2\x85\x85", "\xc2\x01\x85", "\xc2\xc2\xc2\x9b\x9b\x9b", "\xc2"}) {
    INFO(broken);
    CHECK(one_line(broken).find('\xc2') == std::string::npos);
    CHECK(one_line(one_line(broken)) == one_line(broken));
  }
  CHECK(many_lines("a\tb\r\nc\x01") == "a\tb\r\nc");
}
