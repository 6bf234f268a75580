// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/pipeline/caller_claims.hpp"
#include "actors/pipeline/digest_engine.hpp"
#include "actors/pipeline/lanes.hpp"
#include "actors/pipeline/pipeline_options.hpp"
#include "schemas/image_import.hpp"

namespace sluice::actors {

/// Everything that looks at the bytes of one import from the first to the last: inspection, md5, the operator's hash,
/// and every other digest that the caller's claims need. Bytes that start over need new lanes.
class import_lanes {
 public:
  /// `alone`: no other import runs. Then md5 and SHA-512 go on two threads, which ends this import soonest; with others
  /// they go paired on one, which costs all of them together the least (where the processor can; see paired_digest).
  /// `unpacks`: the bytes are taken out of what was received, which is what the expected checksums are of.
  import_lanes(const schemas::image_import& record, caller_claims claims, const pipeline_options& options, bool alone,
               bool unpacks = false);

  [[nodiscard]] const std::shared_ptr<digest_stream>& stream() const noexcept { return stream_; }
  /// When it unpacks: what looks at the bytes as received, and is not part of the stream.
  [[nodiscard]] std::vector<lane*> of_received_bytes() noexcept;
  [[nodiscard]] bool front_decided() const noexcept { return inspection_.front_decided(); }
  /// Once, while nothing is in flight; later announcements are the same or start over.
  void announce_total(std::uint64_t bytes);
  [[nodiscard]] bool announced() const noexcept { return announced_; }

  /// After the last flight has landed: are they the bytes that the user expects (checksum_mismatch), that were signed
  /// (signature_invalid), and are they an image (the inspection's refusals)? `of_source`: digests that the source says
  /// it has; those that are computed anyway must hold.
  [[nodiscard]] schemas::result<schemas::content_facts> judge(
      std::uint64_t size, const std::vector<schemas::expected_checksum>& of_source = {}) const;

 private:
  [[nodiscard]] schemas::result<void> check_claims() const;
  [[nodiscard]] schemas::result<void> check_source(const std::vector<schemas::expected_checksum>& digests) const;
  /// Does md5 or the operator's hash give this digest anyway?
  [[nodiscard]] bool has(const std::string& algorithm) const noexcept;
  /// After the last flight has landed; of an algorithm that some lane computes.
  [[nodiscard]] std::string digest_by(const std::string& algorithm) const;
  [[nodiscard]] std::string received_digest_by(const std::string& algorithm) const;
  [[nodiscard]] const std::string& os_hash_value() const noexcept;
  [[nodiscard]] std::string md5_value() const;

  caller_claims claims_;
  bool unpacks_;
  std::string os_hash_algo_;
  inspection_lane inspection_;
  std::optional<paired_lane> paired_;  ///< or the two below
  std::optional<digest_lane> os_hash_;
  std::optional<digest_lane> md5_;
  std::map<std::string, digest_lane> others_;    ///< what the claims need and none of those has, by algorithm
  std::map<std::string, digest_lane> received_;  ///< when it unpacks: of the bytes as received, by algorithm
  std::shared_ptr<digest_stream> stream_;
  bool announced_ = false;
};

}  // namespace sluice::actors
