// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::http {

/// SHA-256 of a token: all of it that is kept beyond the request it came with.
using token_digest = std::array<std::uint8_t, 32>;

/// About half a microsecond for a token of Keystone; nothing is allocated after a thread's first call.
[[nodiscard]] token_digest digest_of(std::string_view token);

/// What an answer about a token is kept under. That a token was believed although it has expired holds only for
/// requests which brought a service's token beside it.
struct token_key {
  token_digest digest{};
  bool expired_too = false;

  friend bool operator==(const token_key&, const token_key&) = default;
};

/// The digest is as good as random: any part of it spreads.
struct token_key_hash {
  [[nodiscard]] std::size_t operator()(const token_key& key) const noexcept {
    std::size_t out = 0;
    std::memcpy(&out, key.digest.data(), sizeof out);
    return out ^ static_cast<std::size_t>(key.expired_too);
  }
};

/// Could `token` have come from Keystone? Printable ASCII without spaces, at most 8 KiB: anything else would only be
/// asked about in vain.
[[nodiscard]] bool may_be_token(std::string_view token) noexcept;

}  // namespace sluice::http
