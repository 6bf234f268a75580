// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/gzip_unpacker.hpp"

#include <algorithm>
#include <new>

namespace sluice::actors::verification::packaging {
namespace {

constexpr int gzip_header = 16;  // added to the window's bits: nothing but gzip is taken
constexpr std::size_t most_for_zlib = std::size_t{1} << 30;

}  // namespace

gzip_unpacker::gzip_unpacker() {
  if (::inflateInit2(&stream_, MAX_WBITS + gzip_header) != Z_OK)
    throw std::bad_alloc{};
}

gzip_unpacker::~gzip_unpacker() {
  ::inflateEnd(&stream_);
}

schemas::result<unpacked_step> gzip_unpacker::step(formats::bytes_view input, std::span<std::byte> output) {
  unpacked_step done;
  for (;;) {
    const auto rest = input.subspan(done.consumed);
    const auto room = output.subspan(done.produced);
    if (place_ == place::between && !rest.empty()) {
      place_ = rest.front() == std::byte{0} ? place::padding : place::member;
      later_member_ = true;
      if (place_ == place::member && ::inflateReset(&stream_) != Z_OK)
        throw std::bad_alloc{};
    }
    if (place_ == place::padding) {
      if (!formats::all_zero(rest))
        return refuse_trailing(packing::gzip);
      done.consumed = input.size();
      return done;
    }
    if (place_ == place::between || room.empty())
      return done;
    // zlib takes its input as non-const and does not write to it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(rest.data()));
    stream_.avail_in = static_cast<uInt>(std::min(rest.size(), most_for_zlib));
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(std::min(room.size(), most_for_zlib));
    const auto given = stream_.avail_in, free = stream_.avail_out;
    const auto answer = ::inflate(&stream_, Z_NO_FLUSH);
    done.consumed += given - stream_.avail_in;
    done.produced += free - stream_.avail_out;
    if (answer == Z_STREAM_END)
      place_ = place::between;
    else if (answer == Z_BUF_ERROR || (answer == Z_OK && done.consumed == input.size() && stream_.avail_out > 0))
      return done;
    else if (answer == Z_MEM_ERROR)
      throw std::bad_alloc{};
    else if (answer != Z_OK)
      return later_member_ && stream_.total_out == 0 ? refuse_trailing(packing::gzip) : refuse_damaged(packing::gzip);
  }
}

schemas::result<void> gzip_unpacker::finish() {
  if (place_ == place::member)
    return refuse_cut_off(packing::gzip);
  return {};
}

}  // namespace sluice::actors::verification::packaging
