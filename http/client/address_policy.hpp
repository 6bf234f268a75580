// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "schemas/failure.hpp"

/// Which addresses an import may connect to. A location names a host, and a host can resolve to anything: to this
/// machine, to its neighbours, to the cloud's metadata service. Guarantee: only global unicast addresses that are not
/// this machine's own pass, plus what the operator let through by `[sources] allow_networks`.
namespace sluice::http {

/// A block of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
class network {
 public:
  /// Empty when `text` is not an address with an optional prefix length in range.
  [[nodiscard]] static std::optional<network> parse(std::string_view text);
  /// False for an address of the other family: a v4-mapped address is to be unmapped first.
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const noexcept;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  unsigned prefix_ = 0;
  bool is_v6_ = false;
};

class address_policy {
 public:
  /// Refused when an entry of `allow_networks` is not a network; the message names the entry.
  [[nodiscard]] static schemas::result<address_policy> from(const std::vector<std::string>& allow_networks);

  /// Why `address` must not be connected to ("loopback", "private", "own address", …); empty when it may.
  /// An IPv4 address inside IPv6 (v4-mapped, and NAT64 where the operator allows it) is judged as what it is.
  [[nodiscard]] std::optional<std::string_view> refusal(const boost::asio::ip::address& address,
                                                        std::span<const boost::asio::ip::address> own) const;

 private:
  [[nodiscard]] bool let_through(const boost::asio::ip::address& address) const noexcept;

  std::vector<network> allowed_;
};

/// The addresses of this machine's interfaces. Read anew for each connection: interfaces come and go.
[[nodiscard]] std::vector<boost::asio::ip::address> own_addresses();

}  // namespace sluice::http
