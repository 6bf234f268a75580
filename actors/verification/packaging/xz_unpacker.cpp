// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/xz_unpacker.hpp"

#include <array>
#include <new>

namespace sluice::actors::verification::packaging {

xz_unpacker::xz_unpacker() {
  if (::lzma_stream_decoder(&stream_, unpacker_memory, LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
    throw std::bad_alloc{};
}

xz_unpacker::~xz_unpacker() {
  ::lzma_end(&stream_);
}

schemas::result<unpacked_step> xz_unpacker::step(formats::bytes_view input, std::span<std::byte> output) {
  stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
  stream_.avail_in = input.size();
  stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
  stream_.avail_out = output.size();
  lzma_ret answer = LZMA_OK;
  while (answer == LZMA_OK && stream_.avail_out > 0) {
    const auto in = stream_.avail_in, out = stream_.avail_out;
    answer = ::lzma_code(&stream_, LZMA_RUN);
    if (answer == LZMA_BUF_ERROR || (answer == LZMA_OK && in == stream_.avail_in && out == stream_.avail_out)) {
      answer = LZMA_OK;
      break;
    }
  }
  const unpacked_step done{input.size() - stream_.avail_in, output.size() - stream_.avail_out};
  began_output_ = began_output_ || done.produced > 0;
  switch (answer) {
    case LZMA_OK: return done;
    case LZMA_MEM_ERROR: throw std::bad_alloc{};
    case LZMA_MEMLIMIT_ERROR:
      return refuse_packed(packing::xz, "it needs a dictionary of more than 128 MiB, so pack it with 'xz -9' at most");
    case LZMA_UNSUPPORTED_CHECK:
    case LZMA_OPTIONS_ERROR: return refuse_packed(packing::xz, "it uses a feature that is unknown here");
    case LZMA_FORMAT_ERROR: return began_output_ ? refuse_trailing(packing::xz) : refuse_damaged(packing::xz);
    default: return refuse_damaged(packing::xz);
  }
}

schemas::result<void> xz_unpacker::finish() {
  // Only with LZMA_FINISH the library takes the end of a stream for the end of all.
  std::array<std::uint8_t, 1> none{};
  stream_.next_in = nullptr;
  stream_.avail_in = 0;
  stream_.next_out = none.data();
  stream_.avail_out = none.size();
  const auto answer = ::lzma_code(&stream_, LZMA_FINISH);
  if (answer == LZMA_STREAM_END && stream_.avail_out == none.size())
    return {};
  return refuse_cut_off(packing::xz);
}

}  // namespace sluice::actors::verification::packaging
