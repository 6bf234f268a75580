// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/import_lanes.hpp"

#include <utility>
#include <vector>

namespace sluice::actors {

namespace {

verification::inspection_policy policy_for(const schemas::image_import& record, const pipeline_options& options) {
  verification::inspection_policy policy;
  policy.raw = options.verify.raw;
  policy.formats = options.verify.formats;
  policy.max_virtual_size = options.imports.max_virtual_size;
  policy.declared_format = record.request.properties.disk_format;
  return policy;
}

}  // namespace

import_lanes::import_lanes(const schemas::image_import& record, const pipeline_options& options, bool alone)
    : expected_algorithm_{record.request.expect.checksum_algorithm},
      expected_value_{record.request.expect.checksum_value},
      os_hash_algo_{options.digests.os_hash_algo},
      inspection_{policy_for(record, options)} {
  // Inspection first: the sooner it refuses, the fewer bytes are fetched for nothing.
  std::vector<lane*> lanes{&inspection_};
  if (!alone && options.digests.md5 && os_hash_algo_ == "sha512" && paired_digest::supported()) {
    lanes.push_back(&paired_.emplace());
  } else {
    lanes.push_back(&os_hash_.emplace(os_hash_algo_));
    if (options.digests.md5)
      lanes.push_back(&md5_.emplace("md5"));
  }
  if (expected_algorithm_ && *expected_algorithm_ != os_hash_algo_)
    lanes.push_back(&other_.emplace(*expected_algorithm_));
  stream_ = std::make_shared<digest_stream>(std::move(lanes));
}

void import_lanes::announce_total(std::uint64_t bytes) {
  inspection_.announce_total(bytes);
  announced_ = true;
}

const std::string& import_lanes::os_hash_value() const noexcept {
  return paired_ ? paired_->values().sha512 : os_hash_->value();
}

std::string import_lanes::md5_value() const {
  if (paired_)
    return paired_->values().md5;
  return md5_ ? md5_->value() : std::string{};
}

schemas::result<void> import_lanes::check_expected() const {
  if (!expected_algorithm_ || !expected_value_)
    return {};
  const auto& came = other_ ? other_->value() : os_hash_value();
  if (came == *expected_value_)
    return {};
  return schemas::refuse(schemas::error_code::checksum_mismatch,
                         "Expected bytes with " + *expected_algorithm_ + " " + *expected_value_ +
                             ", but those received have " + came +
                             ". The image at the location is another one, or it was damaged on the way; check "
                             "expect.checksum of the request, then the source.");
}

schemas::result<schemas::content_facts> import_lanes::judge(std::uint64_t size) const {
  if (auto expected = check_expected(); !expected)
    return tl::unexpected{std::move(expected.error())};
  const auto& verdict = inspection_.verdict();
  if (!verdict)
    return schemas::refuse(schemas::error_code::internal_error, "The inspection of the image did not end.");
  if (!*verdict)
    return tl::unexpected{verdict->error()};
  schemas::content_facts facts;
  facts.size = size;
  facts.virtual_size = (*verdict)->virtual_size;
  facts.disk_format = (*verdict)->disk_format;
  facts.md5 = md5_value();
  facts.os_hash_algo = os_hash_algo_;
  facts.os_hash_value = os_hash_value();
  return facts;
}

}  // namespace sluice::actors
