// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lzma.h>

#include "actors/verification/packaging/unpacker.hpp"

namespace sluice::actors::verification::packaging {

/// The .xz file format 1.1: streams one after the other with padding between, every check verified; one that the
/// library does not know is refused. Dictionaries up to `unpacker_memory`.
class xz_unpacker final : public unpacker {
 public:
  xz_unpacker();
  ~xz_unpacker() override;

  [[nodiscard]] schemas::result<unpacked_step> step(formats::bytes_view input, std::span<std::byte> output) override;
  [[nodiscard]] schemas::result<void> finish() override;

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool began_output_ = false;
};

}  // namespace sluice::actors::verification::packaging
