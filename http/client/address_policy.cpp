// SPDX-License-Identifier: Apache-2.0
#include "http/client/address_policy.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include <ifaddrs.h>
#include <netinet/in.h>

namespace sluice::http {

namespace ip = boost::asio::ip;

namespace {

struct refused_block {
  std::string_view text;
  std::string_view reason;
};

/// IANA's special-purpose registry for IPv4 (RFC 6890), and the one public address that is a cloud's host agent.
constexpr std::array refused_v4{
    refused_block{"0.0.0.0/8", "unspecified"},
    refused_block{"10.0.0.0/8", "private"},
    refused_block{"100.64.0.0/10", "carrier-grade NAT"},
    refused_block{"127.0.0.0/8", "loopback"},
    refused_block{"168.63.129.16/32", "cloud host agent"},
    refused_block{"169.254.0.0/16", "link-local"},
    refused_block{"172.16.0.0/12", "private"},
    refused_block{"192.0.0.0/24", "protocol assignments"},
    refused_block{"192.0.2.0/24", "documentation"},
    refused_block{"192.88.99.0/24", "6to4 relay"},
    refused_block{"192.168.0.0/16", "private"},
    refused_block{"198.18.0.0/15", "benchmarking"},
    refused_block{"198.51.100.0/24", "documentation"},
    refused_block{"203.0.113.0/24", "documentation"},
    refused_block{"224.0.0.0/4", "multicast"},
    refused_block{"240.0.0.0/4", "reserved"},
};

/// Named for the log; whatever is outside 2000::/3 is refused even when no line here names it (RFC 4291, RFC 6890).
constexpr std::array refused_v6{
    refused_block{"::/128", "unspecified"},
    refused_block{"::1/128", "loopback"},
    refused_block{"::/96", "v4-compatible"},
    refused_block{"64:ff9b::/96", "NAT64"},
    refused_block{"64:ff9b:1::/48", "NAT64"},
    refused_block{"2001::/32", "Teredo"},
    refused_block{"2001::/23", "protocol assignments"},
    refused_block{"2001:db8::/32", "documentation"},
    refused_block{"2002::/16", "6to4"},
    refused_block{"3fff::/20", "documentation"},
    refused_block{"fc00::/7", "unique local"},
    refused_block{"fe80::/10", "link-local"},
    refused_block{"fec0::/10", "site-local"},
    refused_block{"ff00::/8", "multicast"},
};

struct judged_network {
  network where;
  std::string_view reason;
};

template <std::size_t Size>
std::vector<judged_network> parse_all(const std::array<refused_block, Size>& blocks) {
  std::vector<judged_network> out;
  for (const auto& block : blocks)
    out.push_back(judged_network{network::parse(block.text).value(), block.reason});
  return out;
}

std::optional<std::string_view> first_reason(const std::vector<judged_network>& table, const ip::address& address) {
  for (const auto& row : table)
    if (row.where.contains(address))
      return row.reason;
  return std::nullopt;
}

std::optional<std::string_view> special_v4(const ip::address& address) {
  static const auto table = parse_all(refused_v4);
  return first_reason(table, address);
}

std::optional<std::string_view> special_v6(const ip::address& address) {
  static const auto table = parse_all(refused_v6);
  static const auto global_unicast = network::parse("2000::/3").value();
  if (auto reason = first_reason(table, address))
    return reason;
  if (!global_unicast.contains(address))
    return "reserved";
  return std::nullopt;
}

/// The IPv4 address in the last four bytes.
ip::address embedded_v4(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  return ip::address_v4{ip::address_v4::bytes_type{bytes[12], bytes[13], bytes[14], bytes[15]}};
}

ip::address without_scope(const ip::address& address) {
  if (address.is_v4())
    return address;
  return ip::address_v6{address.to_v6().to_bytes()};
}

}  // namespace

std::optional<network> network::parse(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  const auto address = ip::make_address(std::string{text.substr(0, slash)}, error);
  if (error)
    return std::nullopt;
  network out;
  out.is_v6_ = address.is_v6();
  if (address.is_v6()) {
    if (address.to_v6().scope_id() != 0)
      return std::nullopt;
    out.bytes_ = address.to_v6().to_bytes();
  } else {
    std::ranges::copy(address.to_v4().to_bytes(), out.bytes_.begin());
  }
  const unsigned bits = address.is_v6() ? 128 : 32;
  out.prefix_ = bits;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto* const end = digits.data() + digits.size();
    const auto [stop, fault] = std::from_chars(digits.data(), end, out.prefix_);
    if (fault != std::errc{} || stop != end || out.prefix_ > bits)
      return std::nullopt;
  }
  return out;
}

bool network::contains(const ip::address& address) const noexcept {
  if (address.is_v6() != is_v6_)
    return false;
  std::array<std::uint8_t, 16> other{};
  if (is_v6_)
    other = address.to_v6().to_bytes();
  else
    std::ranges::copy(address.to_v4().to_bytes(), other.begin());
  const auto whole = prefix_ / 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + whole, other.begin()))
    return false;
  const auto rest = prefix_ % 8;
  return rest == 0 || ((bytes_[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

schemas::result<address_policy> address_policy::from(const std::vector<std::string>& allow_networks) {
  address_policy out;
  for (const auto& text : allow_networks) {
    const auto parsed = network::parse(text);
    if (!parsed)
      return schemas::refuse(
          schemas::error_code::invalid_request,
          "sources.allow_networks: expected networks such as \"10.0.0.0/8\" or \"fd00::/8\", got \"" + text + "\".");
    out.allowed_.push_back(*parsed);
  }
  return out;
}

bool address_policy::let_through(const ip::address& address) const noexcept {
  return std::ranges::any_of(allowed_, [&](const network& each) { return each.contains(address); });
}

std::optional<std::string_view> address_policy::refusal(const ip::address& address,
                                                        std::span<const ip::address> own) const {
  const auto plain = without_scope(address);
  if (plain.is_v6()) {
    static const auto nat64 = network::parse("64:ff9b::/96").value();
    const auto v6 = plain.to_v6();
    if (v6.is_v4_mapped())
      return refusal(embedded_v4(v6), own);
    if (nat64.contains(plain) && let_through(plain))
      return refusal(embedded_v4(v6), own);
  }
  if (let_through(plain))
    return std::nullopt;
  if (const auto reason = plain.is_v4() ? special_v4(plain) : special_v6(plain))
    return reason;
  if (std::ranges::any_of(own, [&](const ip::address& each) { return without_scope(each) == plain; }))
    return "own address";
  return std::nullopt;
}

std::vector<ip::address> own_addresses() {
  ifaddrs* list = nullptr;
  std::vector<ip::address> out;
  if (::getifaddrs(&list) != 0)
    return out;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{list, &::freeifaddrs};
  for (const auto* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr)
      continue;
    if (each->ifa_addr->sa_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, each->ifa_addr, sizeof v4);
      out.emplace_back(ip::address_v4{ntohl(v4.sin_addr.s_addr)});
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, each->ifa_addr, sizeof v6);
      ip::address_v6::bytes_type bytes{};
      std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
      out.emplace_back(ip::address_v6{bytes});
    }
  }
  return out;
}

}  // namespace sluice::http
