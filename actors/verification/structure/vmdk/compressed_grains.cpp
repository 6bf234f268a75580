// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vmdk/compressed_grains.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

#include "actors/verification/structure/vmdk/refusals.hpp"

namespace sluice::actors::verification::structure::vmdk {
namespace {

using formats::read_little_endian;
using formats::vmdk_sector;
using schemas::result;

constexpr std::size_t piece_size = std::size_t{64} << 10;
constexpr std::uint64_t marker_length = 12;  // of a grain's: its position in the disk, its length

}  // namespace

/// zlib's state, set up once and reused for every grain.
class compressed_grains::engine {
 public:
  engine() {
    if (inflateInit(&stream) != Z_OK)
      throw std::bad_alloc{};
  }
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine() { inflateEnd(&stream); }

  z_stream stream{};
};

compressed_grains::compressed_grains(image_bytes& image, walk_budget& budget, const formats::vmdk_header& header,
                                     file_map& map)
    : image_{image},
      budget_{budget},
      header_{header},
      map_{map},
      engine_{std::make_unique<engine>()},
      input_(piece_size),
      output_(piece_size) {}

compressed_grains::~compressed_grains() = default;

result<void> compressed_grains::visit(std::uint64_t position, std::uint64_t place, std::uint64_t visible) {
  const auto offset = place * vmdk_sector;
  std::array<std::byte, marker_length> marker{};
  auto judged = image_.read(offset, marker);
  if (!judged)
    return judged;
  const std::uint64_t length = read_little_endian<std::uint32_t>(marker, 8);
  const auto grain_bytes = header_.grain * vmdk_sector;
  if (read_little_endian<std::uint64_t>(marker, 0) != position)
    return damaged("a compressed grain says that it belongs elsewhere than its table has it");
  // QEMU reads at most twice the grain's length.
  if (length == 0 || length > 2 * grain_bytes - marker_length)
    return damaged("a compressed grain has an impossible length");
  judged = map_.claim_unit(offset, marker_length + length, "a compressed grain");
  if (!judged)
    return judged;
  const auto output = inflated_length(offset + marker_length, length, grain_bytes);
  if (!output)
    return schemas::unexpected<schemas::failure>{output.error()};
  if (*output < visible || (*output < grain_bytes && visible == grain_bytes))
    return damaged("a compressed grain is shorter than a grain when it is decompressed");
  allocated_ += visible;
  ++grains_;
  return {};
}

result<std::uint64_t> compressed_grains::inflated_length(std::uint64_t offset, std::uint64_t length,
                                                         std::uint64_t most) {
  auto& stream = engine_->stream;
  inflateReset(&stream);
  stream.avail_in = 0;
  std::uint64_t total = 0;
  for (;;) {
    if (stream.avail_in == 0 && length != 0) {
      const auto piece = std::span{input_}.first(static_cast<std::size_t>(std::min<std::uint64_t>(length, piece_size)));
      const auto read = image_.read(offset, piece);
      if (!read)
        return schemas::unexpected<schemas::failure>{read.error()};
      stream.next_in = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_in = static_cast<uInt>(piece.size());
      offset += piece.size();
      length -= piece.size();
    }
    stream.next_out = reinterpret_cast<Bytef*>(output_.data());
    stream.avail_out = static_cast<uInt>(output_.size());
    const auto before = stream.avail_in;
    const auto state = inflate(&stream, Z_NO_FLUSH);
    const auto written = output_.size() - stream.avail_out;
    total += written;
    const auto counted = budget_.step(written / 4096 + 1);
    if (!counted)
      return schemas::unexpected<schemas::failure>{counted.error()};
    if (total > most)
      return damaged("a compressed grain is longer than a grain when it is decompressed");
    if (state == Z_STREAM_END)
      return total;
    const bool stuck = written == 0 && before == stream.avail_in && length == 0;
    if ((state != Z_OK && state != Z_BUF_ERROR) || stuck)
      return damaged("a compressed grain cannot be decompressed");
  }
}

}  // namespace sluice::actors::verification::structure::vmdk
