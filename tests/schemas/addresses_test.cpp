// SPDX-License-Identifier: Apache-2.0
#include "schemas/addresses.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace sluice::schemas;

TEST_CASE("A listen address is a literal and a port, and knows whether it is loopback") {
  CHECK(parse_listen_address("127.0.0.1:9292") == listen_address{"127.0.0.1", 9292, true});
  CHECK(parse_listen_address("127.255.0.9:0") == listen_address{"127.255.0.9", 0, true});
  CHECK(parse_listen_address("0.0.0.0:80") == listen_address{"0.0.0.0", 80, false});
  CHECK(parse_listen_address("192.0.2.1:65535") == listen_address{"192.0.2.1", 65535, false});
  CHECK(parse_listen_address("[::1]:9292") == listen_address{"::1", 9292, true});
  CHECK(parse_listen_address("[::]:9292") == listen_address{"::", 9292, false});
  CHECK(parse_listen_address("[2001:DB8::1]:1") == listen_address{"2001:db8::1", 1, false});
}

TEST_CASE("What is not an address and a port is refused") {
  for (const std::string text : {"", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                                 "127.0.0.1:80x", "127.0.0.1 :80", "localhost:80", "127.1:80", "::1:80", "[::1]",
                                 "[::1:80", "[]:80", "[127.0.0.1]:80", "[::1%lo]:80", "http://127.0.0.1:80"}) {
    INFO(text);
    CHECK_FALSE(parse_listen_address(text));
  }
}

TEST_CASE("A network is a literal with a prefix that covers every bit set") {
  for (const std::string text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "192.0.2.128/25", "fd00::/8", "::/0",
                                 "::1/128", "2001:db8:8000::/33"}) {
    INFO(text);
    CHECK(check_network(text));
  }
  for (const std::string text :
       {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.1/8", "192.0.2.129/25",
        "10/8", "::1/129", "fd00::1/8", "2001:db8:8000::/32", "localhost/8", "10.0.0.0/255.0.0.0", "/8"}) {
    INFO(text);
    CHECK_FALSE(check_network(text));
  }
}
