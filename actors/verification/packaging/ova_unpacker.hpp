// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "actors/verification/packaging/member_digest.hpp"
#include "actors/verification/packaging/ovf_descriptor.hpp"
#include "actors/verification/packaging/ovf_manifest.hpp"
#include "actors/verification/packaging/tar_reader.hpp"
#include "actors/verification/packaging/unpacker.hpp"

namespace sluice::actors::verification::packaging {

/// An OVA (DMTF DSP0243 2.1, section 5.3): a tar archive that begins with an OVF descriptor, which names exactly one
/// disk. What comes out is that member, as it is. When the archive has a manifest, wherever it stands, descriptor and
/// disk must hash to what it says. Every other member is passed over. Descriptor and manifest are at most 1 MiB each.
class ova_unpacker final : public unpacker, private tar_receiver {
 public:
  ova_unpacker() : reader_{*this} {}

  [[nodiscard]] schemas::result<unpacked_step> step(formats::bytes_view input, std::span<std::byte> output) override;
  [[nodiscard]] schemas::result<void> finish() override;

 private:
  enum class role : std::uint8_t { descriptor, manifest, disk, other };

  [[nodiscard]] schemas::result<void> begin_member(const tar_member& member) override;
  [[nodiscard]] schemas::result<void> take_content(formats::bytes_view piece) override;
  [[nodiscard]] schemas::result<void> end_member() override;

  [[nodiscard]] schemas::result<void> begin_disk(const tar_member& member);
  [[nodiscard]] schemas::result<void> check(const std::string& name, const member_digests& digests) const;

  tar_reader reader_;
  std::span<std::byte> room_;  ///< of the output of this step
  std::size_t produced_ = 0;

  role role_ = role::descriptor;
  std::string text_;  ///< of a descriptor or manifest
  std::string descriptor_name_;
  std::optional<ovf_disk> disk_;
  bool disk_is_there_ = false;
  std::optional<std::vector<manifest_entry>> manifest_;
  member_digests descriptor_digests_;
  member_digests disk_digests_;
};

}  // namespace sluice::actors::verification::packaging
