// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "actors/verification/formats/vmdk_header.hpp"
#include "actors/verification/structure/vmdk/grain_tables.hpp"

namespace sluice::actors::verification::structure::vmdk {

/// Grains packed with deflate in the zlib format (RFC 1950) behind a marker that says where they belong and how long
/// they are. Each is really decompressed, piece by piece, into nothing.
///
/// Guarantees: the marker names the place in the disk under which the table has the grain; the output is exactly one
/// grain, of the last at least what the disk shows of it and never more than a grain. Memory does not depend on the
/// image.
class compressed_grains final : public grain_visitor {
 public:
  compressed_grains(image_bytes& image, walk_budget& budget, const formats::vmdk_header& header, file_map& map);
  ~compressed_grains() override;

  [[nodiscard]] schemas::result<void> visit(std::uint64_t position, std::uint64_t place,
                                            std::uint64_t visible) override;

  [[nodiscard]] std::uint64_t allocated() const noexcept { return allocated_; }  ///< bytes of the disk
  [[nodiscard]] std::uint64_t grains() const noexcept { return grains_; }

 private:
  class engine;

  /// How long the output is; more than `most` is not found out.
  [[nodiscard]] schemas::result<std::uint64_t> inflated_length(std::uint64_t offset, std::uint64_t length,
                                                               std::uint64_t most);

  image_bytes& image_;
  walk_budget& budget_;
  const formats::vmdk_header& header_;
  file_map& map_;
  std::unique_ptr<engine> engine_;
  std::vector<std::byte> input_;
  std::vector<std::byte> output_;
  std::uint64_t allocated_ = 0;
  std::uint64_t grains_ = 0;
};

}  // namespace sluice::actors::verification::structure::vmdk
