// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "actors/pipeline/digest_engine.hpp"
#include "actors/pipeline/lanes.hpp"
#include "actors/pipeline/pipeline_options.hpp"
#include "schemas/image_import.hpp"

namespace sluice::actors {

/// Everything that looks at the bytes of one import from the first to the last: inspection, md5, the operator's hash,
/// and the checksum that the user expects where it is another. Bytes that start over need new lanes.
class import_lanes {
 public:
  /// `alone`: no other import runs. Then md5 and SHA-512 go on two threads, which ends this import soonest; with others
  /// they go paired on one, which costs all of them together the least (where the processor can; see paired_digest).
  import_lanes(const schemas::image_import& record, const pipeline_options& options, bool alone);

  [[nodiscard]] const std::shared_ptr<digest_stream>& stream() const noexcept { return stream_; }
  [[nodiscard]] bool front_decided() const noexcept { return inspection_.front_decided(); }
  /// Once, while nothing is in flight; later announcements are the same or start over.
  void announce_total(std::uint64_t bytes);
  [[nodiscard]] bool announced() const noexcept { return announced_; }

  /// After the last flight has landed: are they the bytes that the user expects (checksum_mismatch), and are they an
  /// image (the inspection's refusals)?
  [[nodiscard]] schemas::result<schemas::content_facts> judge(std::uint64_t size) const;

 private:
  [[nodiscard]] schemas::result<void> check_expected() const;
  [[nodiscard]] const std::string& os_hash_value() const noexcept;
  [[nodiscard]] std::string md5_value() const;

  std::optional<std::string> expected_algorithm_;
  std::optional<std::string> expected_value_;
  std::string os_hash_algo_;
  inspection_lane inspection_;
  std::optional<paired_lane> paired_;  ///< or the two below
  std::optional<digest_lane> os_hash_;
  std::optional<digest_lane> md5_;
  std::optional<digest_lane> other_;  ///< the expected algorithm, when it is neither
  std::shared_ptr<digest_stream> stream_;
  bool announced_ = false;
};

}  // namespace sluice::actors
