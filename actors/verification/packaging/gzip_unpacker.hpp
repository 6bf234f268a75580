// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include "actors/verification/packaging/unpacker.hpp"

namespace sluice::actors::verification::packaging {

/// gzip (RFC 1952): members one after the other, each with its CRC-32 and length checked, names skipped. Zeros behind
/// the last member are padding, as they are for gzip(1); anything else is refused.
class gzip_unpacker final : public unpacker {
 public:
  gzip_unpacker();
  ~gzip_unpacker() override;

  [[nodiscard]] schemas::result<unpacked_step> step(formats::bytes_view input, std::span<std::byte> output) override;
  [[nodiscard]] schemas::result<void> finish() override;

 private:
  enum class place : std::uint8_t { member, between, padding };

  z_stream stream_{};
  place place_ = place::member;
  bool later_member_ = false;
};

}  // namespace sluice::actors::verification::packaging
