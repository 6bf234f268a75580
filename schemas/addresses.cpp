// SPDX-License-Identifier: Apache-2.0
#include "schemas/addresses.hpp"

#include <charconv>
#include <cstddef>
#include <optional>
#include <span>

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>

namespace sluice::schemas {
namespace {

namespace urls = boost::urls;

std::optional<unsigned> whole_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most)
    return std::nullopt;
  return value;
}

auto not_a_listen_address() {
  return refuse(error_code::invalid_request,
                R"(expected an address and a port, such as "127.0.0.1:9292" or "[::1]:9292")");
}

auto not_a_network() {
  return refuse(error_code::invalid_request, R"(expected networks such as "10.0.0.0/8" or "fd00::/8")");
}

bool bits_beyond(std::span<const unsigned char> address, unsigned prefix) {
  for (unsigned bit = prefix; bit < address.size() * 8; ++bit)
    if ((address[bit / 8] >> (7 - bit % 8)) & 1)
      return true;
  return false;
}

result<void> check_prefix(std::span<const unsigned char> address, std::string_view length) {
  const auto prefix = whole_number(length, static_cast<unsigned>(address.size() * 8));
  if (!prefix)
    return not_a_network();
  if (bits_beyond(address, *prefix))
    return refuse(error_code::invalid_request,
                  R"(expected a network whose address is zero beyond its prefix, such as "10.0.0.0/8")");
  return {};
}

}  // namespace

result<listen_address> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return not_a_listen_address();
  auto address = text.substr(0, colon);
  const auto port = whole_number(text.substr(colon + 1), 65535);
  if (!port)
    return not_a_listen_address();
  listen_address parsed;
  parsed.port = static_cast<std::uint16_t>(*port);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
    const auto six = urls::parse_ipv6_address({address.data(), address.size()});
    if (!six)
      return not_a_listen_address();
    parsed.address = six->to_string();
    parsed.is_loopback = six->is_loopback();
    return parsed;
  }
  const auto four = urls::parse_ipv4_address({address.data(), address.size()});
  if (!four)
    return not_a_listen_address();
  parsed.address = four->to_string();
  parsed.is_loopback = four->is_loopback();
  return parsed;
}

result<void> check_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return not_a_network();
  const auto address = text.substr(0, slash);
  const auto length = text.substr(slash + 1);
  if (const auto four = urls::parse_ipv4_address({address.data(), address.size()}))
    return check_prefix(four->to_bytes(), length);
  if (const auto six = urls::parse_ipv6_address({address.data(), address.size()}))
    return check_prefix(six->to_bytes(), length);
  return not_a_network();
}

}  // namespace sluice::schemas
