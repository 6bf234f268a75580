// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zstd.h>

#include <array>

#include "actors/verification/packaging/unpacker.hpp"

namespace sluice::actors::verification::packaging {

/// Zstandard (RFC 8878): frames one after the other, those to be skipped among them, checksums verified where there
/// are any. Windows up to 2^27 bytes. The formats before version 1.0 are not taken, although the library knows them:
/// every frame's magic number is looked at first.
class zstd_unpacker final : public unpacker {
 public:
  zstd_unpacker();

  [[nodiscard]] schemas::result<unpacked_step> step(formats::bytes_view input, std::span<std::byte> output) override;
  [[nodiscard]] schemas::result<void> finish() override;

 private:
  struct deleter {
    void operator()(ZSTD_DCtx* context) const noexcept { ::ZSTD_freeDCtx(context); }
  };

  [[nodiscard]] bool magic_is_known() const noexcept;
  [[nodiscard]] schemas::unexpected<schemas::failure> refusal(std::size_t answer) const;

  std::unique_ptr<ZSTD_DCtx, deleter> context_;
  std::array<std::byte, 4> magic_{};
  std::size_t magic_seen_ = 0;  ///< bytes of a frame's magic number; all four while inside a frame
  bool had_frame_ = false;
};

}  // namespace sluice::actors::verification::packaging
