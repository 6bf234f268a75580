// SPDX-License-Identifier: Apache-2.0
#include "http/client/retry_after.hpp"

#include <catch2/catch.hpp>

using namespace sluice::http;
using namespace std::chrono_literals;

TEST_CASE("Retry-After is read as seconds and as a date, and capped") {
  const auto now = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 30s;
  CHECK(parse_retry_after("0", now, 1h) == 0s);
  CHECK(parse_retry_after("120", now, 1h) == 120s);
  CHECK(parse_retry_after("99999", now, 1h) == 3600s);
  CHECK(parse_retry_after("99999999999999999999999", now, 1h) == 3600s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now, 1h) == 7s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now, 1h) == 0s);
  CHECK(parse_retry_after("Sun, 06 Nov 2094 08:49:37 GMT", now, 1h) == 3600s);
}

TEST_CASE("a Retry-After that is neither is no Retry-After") {
  const auto now = std::chrono::system_clock::now();
  const auto* const text =
      GENERATE("", "-5", "5s", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 32 Nov 1994 08:49:37 GMT",
               "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:-9:37 GMT");
  CAPTURE(text);
  CHECK_FALSE(parse_retry_after(text, now, 1h));
}
