// SPDX-License-Identifier: Apache-2.0
#include "http/client/address_policy.hpp"

#include <catch2/catch.hpp>

using namespace sluice::http;
using boost::asio::ip::address;
using boost::asio::ip::make_address;

namespace {

bool allowed(const std::string& text, const std::vector<std::string>& networks = {},
             const std::vector<address>& own = {}) {
  const auto policy = address_policy::from(networks);
  REQUIRE(policy);
  return !policy->refusal(make_address(text), own);
}

}  // namespace

TEST_CASE("public addresses may be connected to") {
  const auto* const text =
      GENERATE("1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
               "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
               "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "2606:4700::1111",
               "2a00:1450:4001::1", "2001:200::1", "::ffff:1.1.1.1");
  CAPTURE(text);
  CHECK(allowed(text));
}

TEST_CASE("addresses that are not public are refused, at both ends of their block") {
  const auto* const text = GENERATE(
      "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
      "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
      "172.31.255.255", "192.0.0.0", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255",
      "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1",
      "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%1", "febf::1", "fec0::1", "fc00::1", "fdff::1",
      "fd00:ec2::254", "ff02::1", "2001:db8::1", "3fff::1", "2002:7f00:1::", "2001:0:1::1", "2001:10::1", "4000::1",
      "::1.1.1.1", "64:ff9b::1.1.1.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1.1.1.1", "100::1", "5f00::1");
  CAPTURE(text);
  CHECK_FALSE(allowed(text));
}

TEST_CASE("an IPv4 address inside IPv6 is judged as what it is") {
  CHECK_FALSE(allowed("::ffff:127.0.0.1"));
  CHECK_FALSE(allowed("::ffff:169.254.169.254"));
  CHECK_FALSE(allowed("::ffff:10.1.2.3", {"::ffff:0:0/96"}));
  CHECK(allowed("::ffff:10.1.2.3", {"10.0.0.0/8"}));
}

TEST_CASE("an operator who allows NAT64 does not allow private addresses behind it") {
  CHECK(allowed("64:ff9b::1.1.1.1", {"64:ff9b::/96"}));
  CHECK_FALSE(allowed("64:ff9b::10.0.0.1", {"64:ff9b::/96"}));
  CHECK(allowed("64:ff9b::10.0.0.1", {"64:ff9b::/96", "10.0.0.0/8"}));
}

TEST_CASE("the operator's networks let through exactly themselves") {
  CHECK(allowed("10.20.0.0", {"10.20.0.0/15"}));
  CHECK(allowed("10.21.255.255", {"10.20.0.0/15"}));
  CHECK_FALSE(allowed("10.22.0.0", {"10.20.0.0/15"}));
  CHECK_FALSE(allowed("10.19.255.255", {"10.20.0.0/15"}));
  CHECK(allowed("10.0.0.5", {"10.0.0.5"}));
  CHECK_FALSE(allowed("10.0.0.6", {"10.0.0.5"}));
  CHECK(allowed("fd00::7", {"fd00::/64"}));
  CHECK_FALSE(allowed("fd00:0:0:1::7", {"fd00::/64"}));
  CHECK(allowed("127.0.0.1", {"0.0.0.0/0"}));
  CHECK_FALSE(allowed("::1", {"0.0.0.0/0"}));
}

TEST_CASE("this machine's own addresses are refused, also public ones") {
  const std::vector<address> own{make_address("1.1.1.1"), make_address("2606:4700::1111")};
  CHECK_FALSE(allowed("1.1.1.1", {}, own));
  CHECK_FALSE(allowed("::ffff:1.1.1.1", {}, own));
  CHECK_FALSE(allowed("2606:4700::1111", {}, own));
  CHECK(allowed("1.1.1.2", {}, own));
  CHECK(allowed("1.1.1.1", {"1.1.1.0/24"}, own));
}

TEST_CASE("this machine knows its own addresses") {
  const auto own = own_addresses();
  CHECK(std::find(own.begin(), own.end(), make_address("127.0.0.1")) != own.end());
}

TEST_CASE("what is not a network is refused by name") {
  const auto* const text = GENERATE("", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8 ", "10/8", "::/129", "localhost",
                                    "10.0.0.0/-1", "fe80::%1/64", "10.0.0.0/8/8");
  CAPTURE(text);
  const auto policy = address_policy::from({text});
  REQUIRE_FALSE(policy);
  CHECK(policy.error().message.find("sources.allow_networks") != std::string::npos);
}
