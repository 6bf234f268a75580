// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/zstd_unpacker.hpp"

#include <zstd_errors.h>

#include <algorithm>
#include <new>

namespace sluice::actors::verification::packaging {

zstd_unpacker::zstd_unpacker() : context_{::ZSTD_createDCtx()} {
  if (!context_ ||
      ::ZSTD_isError(::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window_bits)) != 0)
    throw std::bad_alloc{};
}

bool zstd_unpacker::magic_is_known() const noexcept {
  const auto magic = formats::read_little_endian<std::uint32_t>(magic_, 0);
  return magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

schemas::unexpected<schemas::failure> zstd_unpacker::refusal(std::size_t answer) const {
  switch (::ZSTD_getErrorCode(answer)) {
    case ZSTD_error_memory_allocation: throw std::bad_alloc{};
    case ZSTD_error_frameParameter_windowTooLarge:
      return refuse_packed(packing::zstd,
                           "it needs a window of more than 128 MiB, so pack it without '--ultra --long'");
    case ZSTD_error_dictionary_wrong:
      return refuse_packed(packing::zstd, "it needs a dictionary that is not part of it");
    default: return refuse_damaged(packing::zstd);
  }
}

schemas::result<unpacked_step> zstd_unpacker::step(formats::bytes_view input, std::span<std::byte> output) {
  unpacked_step done;
  ZSTD_outBuffer out{output.data(), output.size(), 0};
  while (out.pos < out.size) {
    auto rest = input.subspan(done.consumed);
    if (magic_seen_ < magic_.size()) {
      const auto part = rest.first(std::min(rest.size(), magic_.size() - magic_seen_));
      std::copy(part.begin(), part.end(), magic_.begin() + static_cast<std::ptrdiff_t>(magic_seen_));
      magic_seen_ += part.size();
      done.consumed += part.size();
      if (magic_seen_ < magic_.size())
        break;
      if (!magic_is_known())
        return had_frame_ ? refuse_trailing(packing::zstd) : refuse_damaged(packing::zstd);
      had_frame_ = true;
      ZSTD_inBuffer magic{magic_.data(), magic_.size(), 0};
      const auto answer = ::ZSTD_decompressStream(context_.get(), &out, &magic);
      if (::ZSTD_isError(answer) != 0)
        return refusal(answer);
      continue;
    }
    ZSTD_inBuffer in{rest.data(), rest.size(), 0};
    const auto answer = ::ZSTD_decompressStream(context_.get(), &out, &in);
    done.consumed += in.pos;
    if (::ZSTD_isError(answer) != 0)
      return refusal(answer);
    if (answer == 0)
      magic_seen_ = 0;
    else if (in.pos == in.size && out.pos < out.size)
      break;
  }
  done.produced = out.pos;
  return done;
}

schemas::result<void> zstd_unpacker::finish() {
  if (magic_seen_ > 0 || !had_frame_)
    return refuse_cut_off(packing::zstd);
  return {};
}

}  // namespace sluice::actors::verification::packaging
