// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bzlib.h>

#include "actors/verification/packaging/unpacker.hpp"

namespace sluice::actors::verification::packaging {

/// bzip2: streams one after the other, as parallel packers write them, each block's and each stream's CRC checked. At
/// most 4 MiB of memory.
class bzip2_unpacker final : public unpacker {
 public:
  bzip2_unpacker();
  ~bzip2_unpacker() override;

  [[nodiscard]] schemas::result<unpacked_step> step(formats::bytes_view input, std::span<std::byte> output) override;
  [[nodiscard]] schemas::result<void> finish() override;

 private:
  void begin_stream();
  void end_stream() noexcept;

  bz_stream stream_{};
  bool inside_ = false;  ///< a stream that has not ended
  bool later_stream_ = false;
};

}  // namespace sluice::actors::verification::packaging
