// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/bzip2_unpacker.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace sluice::actors::verification::packaging {
namespace {

constexpr std::size_t most_for_bzip2 = std::size_t{1} << 30;

}  // namespace

bzip2_unpacker::bzip2_unpacker() {
  begin_stream();
}

bzip2_unpacker::~bzip2_unpacker() {
  end_stream();
}

void bzip2_unpacker::begin_stream() {
  stream_ = bz_stream{};
  if (::BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK)
    throw std::bad_alloc{};
  inside_ = true;
}

void bzip2_unpacker::end_stream() noexcept {
  if (std::exchange(inside_, false))
    ::BZ2_bzDecompressEnd(&stream_);
}

schemas::result<unpacked_step> bzip2_unpacker::step(formats::bytes_view input, std::span<std::byte> output) {
  unpacked_step done;
  for (;;) {
    const auto rest = input.subspan(done.consumed);
    const auto room = output.subspan(done.produced);
    if (room.empty() || (rest.empty() && !inside_))
      return done;
    if (!inside_) {
      begin_stream();
      later_stream_ = true;
    }
    // The library takes its input as non-const and does not write to it.
    stream_.next_in = const_cast<char*>(reinterpret_cast<const char*>(rest.data()));
    stream_.avail_in = static_cast<unsigned>(std::min(rest.size(), most_for_bzip2));
    stream_.next_out = reinterpret_cast<char*>(room.data());
    stream_.avail_out = static_cast<unsigned>(std::min(room.size(), most_for_bzip2));
    const auto given = stream_.avail_in, free = stream_.avail_out;
    const auto answer = ::BZ2_bzDecompress(&stream_);
    const auto consumed = given - stream_.avail_in, produced = free - stream_.avail_out;
    done.consumed += consumed;
    done.produced += produced;
    if (answer == BZ_STREAM_END)
      end_stream();
    else if (answer == BZ_MEM_ERROR)
      throw std::bad_alloc{};
    else if (answer == BZ_DATA_ERROR_MAGIC && later_stream_)
      return refuse_trailing(packing::bzip2);
    else if (answer != BZ_OK)
      return refuse_damaged(packing::bzip2);
    else if (consumed == 0 && produced == 0)
      return done;
  }
}

schemas::result<void> bzip2_unpacker::finish() {
  if (inside_)
    return refuse_cut_off(packing::bzip2);
  return {};
}

}  // namespace sluice::actors::verification::packaging
