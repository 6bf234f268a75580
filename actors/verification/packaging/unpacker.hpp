// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/packaging/packing.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification::packaging {

/// How far one step came.
struct unpacked_step {
  std::size_t consumed = 0;  ///< of the input
  std::size_t produced = 0;  ///< into the output
};

/// Takes what is packed, in pieces of any size, and gives what is inside, into memory that the caller has: nothing is
/// produced that has no place, so that back-pressure needs no queue. Memory of its own is bounded by constants,
/// whatever the input says; no name in the input is used for anything.
class unpacker {
 public:
  unpacker() = default;
  unpacker(const unpacker&) = delete;
  unpacker& operator=(const unpacker&) = delete;
  virtual ~unpacker() = default;

  /// Goes on until the input is used up or the output is full. When room is left in the output, all of the input is
  /// consumed and nothing is held back: more input is needed. Errors: `unpacking_failed`; afterwards only destroyed.
  [[nodiscard]] virtual schemas::result<unpacked_step> step(formats::bytes_view input, std::span<std::byte> output) = 0;
  /// After the last byte, and after a step that left room: whether that was the end. `unpacking_failed` when not.
  [[nodiscard]] virtual schemas::result<void> finish() = 0;
};

[[nodiscard]] std::unique_ptr<unpacker> make_unpacker(packing kind);

/// The most memory that one of them takes beside its input and output: a window of 128 MiB, which is what the tools
/// unpack without being asked for more, and tables.
constexpr std::uint64_t unpacker_memory = std::uint64_t{136} << 20;
constexpr int largest_window_bits = 27;

/// "This gzip archive cannot be unpacked: WHAT. …"
[[nodiscard]] schemas::unexpected<schemas::failure> refuse_packed(packing kind, std::string_view what);
/// The sentences that several of them need.
[[nodiscard]] schemas::unexpected<schemas::failure> refuse_damaged(packing kind);
[[nodiscard]] schemas::unexpected<schemas::failure> refuse_cut_off(packing kind);
[[nodiscard]] schemas::unexpected<schemas::failure> refuse_trailing(packing kind);

}  // namespace sluice::actors::verification::packaging
