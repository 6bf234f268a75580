// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/packing.hpp"

#include "actors/verification/formats/foreign.hpp"

namespace sluice::actors::verification::packaging {
namespace {

using namespace std::string_view_literals;
using formats::bytes_view;
using formats::holds;

bool is_bzip2(bytes_view front) noexcept {
  const auto level = formats::read_byte(front, 3);
  // A block, or the end of a stream without one.
  return holds(front, 0, "BZh") && level >= '1' && level <= '9' &&
         (holds(front, 4, "\x31\x41\x59\x26\x53\x59"sv) || holds(front, 4, "\x17\x72\x45\x38\x50\x90"sv));
}

/// A frame, or one of those to be skipped that parallel packers put first.
bool is_zstd(bytes_view front) noexcept {
  return holds(front, 0, "\x28\xb5\x2f\xfd"sv) ||
         (formats::read_byte(front, 0) >> 4 == 5 && holds(front, 1, "\x2a\x4d\x18"sv));
}

}  // namespace

std::optional<packing> sniff(bytes_view front) noexcept {
  if (holds(front, 0, "\x1f\x8b\x08"sv))
    return packing::gzip;
  if (holds(front, 0,
            "\xfd"
            "7zXZ\0"sv))
    return packing::xz;
  if (is_zstd(front))
    return packing::zstd;
  if (is_bzip2(front))
    return packing::bzip2;
  if (formats::is_ova(front))
    return packing::ova;
  return std::nullopt;
}

std::string_view to_string(packing kind) noexcept {
  switch (kind) {
    case packing::gzip: return "gzip";
    case packing::xz: return "xz";
    case packing::zstd: return "zstd";
    case packing::bzip2: return "bzip2";
    case packing::ova: return "ova";
  }
  return "";
}

std::string_view title_of(packing kind) noexcept {
  switch (kind) {
    case packing::gzip: return "a gzip archive";
    case packing::xz: return "an xz archive";
    case packing::zstd: return "a zstd archive";
    case packing::bzip2: return "a bzip2 archive";
    case packing::ova: return "an OVA archive";
  }
  return "";
}

}  // namespace sluice::actors::verification::packaging
