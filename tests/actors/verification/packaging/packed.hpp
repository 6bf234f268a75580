// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "actors/verification/packaging/unpacking.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/temporary_directory.hpp"

/// Packs with the tools that people use, and unpacks with ours in steps of any size.
namespace sluice::test {

using octets = std::vector<std::byte>;

inline octets octets_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span{text});
  return {bytes.begin(), bytes.end()};
}

/// What `command` makes of `content`: a filter such as "gzip -9".
inline octets filtered(const std::string& command, std::span<const std::byte> content) {
  const tests::temporary_directory at;
  std::ofstream{at / "in", std::ios::binary}.write(reinterpret_cast<const char*>(content.data()),
                                                   static_cast<std::streamsize>(content.size()));
  const auto line = command + " < " + (at / "in").string() + " > " + (at / "out").string();
  const auto status = std::system(line.c_str());
  INFO(command);
  REQUIRE(status == 0);
  return octets_of(tests::file_content(at / "out"));
}

/// Half of it packs well, half does not.
inline octets mixed_content(std::size_t size, unsigned seed = 1) {
  octets made(size);
  std::mt19937 random{seed};
  for (std::size_t at = 0; at < size; ++at)
    made[at] = static_cast<std::byte>(at / 4096 % 2 == 0 ? at / 64 : random());
  return made;
}

/// In pieces of `chunk` bytes into rooms of `room` bytes, as the pipeline does: until room is left and no input is.
inline schemas::result<octets> unpacked(actors::verification::packaging::packing kind, std::span<const std::byte> from,
                                        std::size_t chunk, std::size_t room,
                                        actors::verification::packaging::unpacking_limits limits = {1 << 30, 2000}) {
  actors::verification::packaging::unpacking unpacking{kind, limits};
  octets all;
  octets place(room);
  while (!from.empty()) {
    auto piece = from.first(std::min(chunk, from.size()));
    from = from.subspan(piece.size());
    for (;;) {
      const auto done = unpacking.step(piece, place);
      if (!done)
        return tl::unexpected{done.error()};
      REQUIRE(done->consumed <= piece.size());
      REQUIRE(done->produced <= place.size());
      all.insert(all.end(), place.begin(), place.begin() + static_cast<std::ptrdiff_t>(done->produced));
      piece = piece.subspan(done->consumed);
      // An OVA takes no more input at once than there is room.
      if (piece.empty() && done->produced < place.size())
        break;
      REQUIRE(done->consumed + done->produced > 0);
    }
  }
  if (auto ended = unpacking.finish(); !ended)
    return tl::unexpected{ended.error()};
  return all;
}

}  // namespace sluice::test
