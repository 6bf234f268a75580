// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/unpacker.hpp"

#include <string>

#include "actors/verification/packaging/bzip2_unpacker.hpp"
#include "actors/verification/packaging/gzip_unpacker.hpp"
#include "actors/verification/packaging/ova_unpacker.hpp"
#include "actors/verification/packaging/xz_unpacker.hpp"
#include "actors/verification/packaging/zstd_unpacker.hpp"

namespace sluice::actors::verification::packaging {

std::unique_ptr<unpacker> make_unpacker(packing kind) {
  switch (kind) {
    case packing::gzip: return std::make_unique<gzip_unpacker>();
    case packing::xz: return std::make_unique<xz_unpacker>();
    case packing::zstd: return std::make_unique<zstd_unpacker>();
    case packing::bzip2: return std::make_unique<bzip2_unpacker>();
    case packing::ova: return std::make_unique<ova_unpacker>();
  }
  return nullptr;
}

schemas::unexpected<schemas::failure> refuse_packed(packing kind, std::string_view what) {
  return schemas::refuse(schemas::error_code::unpacking_failed,
                         "The image is in " + std::string{title_of(kind)} + " that cannot be unpacked: " +
                             std::string{what} + ". Unpack it yourself and import the disk image that is inside.");
}

schemas::unexpected<schemas::failure> refuse_damaged(packing kind) {
  return refuse_packed(kind, "it is damaged");
}

schemas::unexpected<schemas::failure> refuse_cut_off(packing kind) {
  return refuse_packed(kind, "it ends too early, so it was cut off on its way to the source");
}

schemas::unexpected<schemas::failure> refuse_trailing(packing kind) {
  return refuse_packed(kind, "something else follows after its end");
}

}  // namespace sluice::actors::verification::packaging
