// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/qcow2/decompressor.hpp"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <new>

namespace sluice::actors::verification::structure::qcow2 {
namespace {

/// Raw deflate with the window of 4 KiB that QEMU writes and reads.
class zlib_decompressor final : public decompressor {
 public:
  zlib_decompressor() {
    if (::inflateInit2(&stream_, -12) != Z_OK)
      throw std::bad_alloc{};
  }
  ~zlib_decompressor() override { ::inflateEnd(&stream_); }

  std::optional<std::size_t> decompress(std::span<const std::byte> input, std::span<std::byte> cluster) override {
    if (::inflateReset(&stream_) != Z_OK)
      return std::nullopt;
    // zlib takes its input as non-const and does not write to it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(cluster.data());
    stream_.avail_out = static_cast<uInt>(cluster.size());
    auto ended = ::inflate(&stream_, Z_FINISH);
    if (stream_.avail_out != 0)
      return std::nullopt;
    if (ended == Z_OK || ended == Z_BUF_ERROR) {
      // Full, yet not told to be at the end: one byte more shows whether there is more. An end that is missing does no
      // harm; QEMU does not look for it.
      std::array<Bytef, 1> more{};
      stream_.next_out = more.data();
      stream_.avail_out = more.size();
      ended = ::inflate(&stream_, Z_FINISH);
      if (stream_.avail_out == 0 || (ended != Z_STREAM_END && ended != Z_BUF_ERROR && ended != Z_OK))
        return std::nullopt;
    } else if (ended != Z_STREAM_END) {
      return std::nullopt;
    }
    return input.size() - stream_.avail_in;
  }

 private:
  z_stream stream_{};
};

/// zstd frames, with no larger a window than the highest levels use for data of a cluster's length.
class zstd_decompressor final : public decompressor {
 public:
  zstd_decompressor() : context_{::ZSTD_createDCtx(), &::ZSTD_freeDCtx} {
    constexpr int window_bits = 23;
    if (!context_ || ::ZSTD_isError(::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_bits)) != 0)
      throw std::bad_alloc{};
  }

  std::optional<std::size_t> decompress(std::span<const std::byte> input, std::span<std::byte> cluster) override {
    if (::ZSTD_isError(::ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only)) != 0)
      return std::nullopt;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{cluster.data(), cluster.size(), 0};
    while (true) {
      const auto before = in.pos + out.pos;
      const auto missing = ::ZSTD_decompressStream(context_.get(), &out, &in);
      if (::ZSTD_isError(missing) != 0)
        return std::nullopt;
      if (out.pos == out.size && missing == 0)
        return in.pos;
      if (in.pos + out.pos == before)
        return std::nullopt;
    }
  }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> context_;
};

}  // namespace

std::unique_ptr<decompressor> decompressor::of(compression_type type) {
  if (type == compression_type::zstd)
    return std::make_unique<zstd_decompressor>();
  return std::make_unique<zlib_decompressor>();
}

}  // namespace sluice::actors::verification::structure::qcow2
