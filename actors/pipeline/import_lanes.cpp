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
  policy.accept_encrypted_raw = options.verify.accept_encrypted_raw;
  policy.max_virtual_size = options.imports.max_virtual_size;
  policy.declared_format = record.request.properties.disk_format;
  return policy;
}

}  // namespace

import_lanes::import_lanes(const schemas::image_import& record, caller_claims claims, const pipeline_options& options,
                           bool alone, bool unpacks)
    : claims_{std::move(claims)},
      unpacks_{unpacks},
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
  const auto needs = [&](const std::string& algorithm) {
    if (has(algorithm) || others_.contains(algorithm))
      return;
    lanes.push_back(&others_.try_emplace(algorithm, algorithm).first->second);
  };
  for (const auto& checksum : claims_.checksums)
    if (unpacks)
      received_.try_emplace(checksum.algorithm, checksum.algorithm);
    else
      needs(checksum.algorithm);
  if (claims_.signature)
    needs(claims_.signature->hash_algorithm());
  stream_ = std::make_shared<digest_stream>(std::move(lanes));
}

std::vector<lane*> import_lanes::of_received_bytes() noexcept {
  std::vector<lane*> lanes;
  for (auto& each : received_)
    lanes.push_back(&each.second);
  return lanes;
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

bool import_lanes::has(const std::string& algorithm) const noexcept {
  return algorithm == os_hash_algo_ || (algorithm == "md5" && (paired_ || md5_));
}

std::string import_lanes::digest_by(const std::string& algorithm) const {
  if (algorithm == os_hash_algo_)
    return os_hash_value();
  return has(algorithm) ? md5_value() : others_.at(algorithm).value();
}

std::string import_lanes::received_digest_by(const std::string& algorithm) const {
  const auto found = received_.find(algorithm);
  return found == received_.end() ? digest_by(algorithm) : found->second.value();
}

schemas::result<void> import_lanes::check_claims() const {
  std::string differing;
  for (const auto& [algorithm, value] : claims_.checksums)
    if (const auto came = received_digest_by(algorithm); came != value)
      differing += (differing.empty() ? "Expected bytes with " : "; expected bytes with ") + algorithm + ' ' + value +
                   ", but those received have " + came;
  if (!differing.empty())
    return schemas::refuse(schemas::error_code::checksum_mismatch,
                           differing +
                               ". The image at the location is another one, or it was damaged on the way; check what "
                               "the request expects, then the source.");
  if (!claims_.signature)
    return {};
  return claims_.signature->verify(digest_by(claims_.signature->hash_algorithm()));
}

schemas::result<void> import_lanes::check_source(const std::vector<schemas::expected_checksum>& digests) const {
  for (const auto& [algorithm, value] : digests) {
    const bool known = unpacks_ ? received_.contains(algorithm) : has(algorithm) || others_.contains(algorithm);
    if (!known)
      continue;
    if (const auto came = received_digest_by(algorithm); came != value)
      return schemas::refuse(schemas::error_code::checksum_mismatch,
                             "The source says that its bytes have " + algorithm + ' ' + value +
                                 ", but those received have " + came +
                                 ". The image there is damaged; have it verified or uploaded again.");
  }
  return {};
}

schemas::result<schemas::content_facts> import_lanes::judge(
    std::uint64_t size, const std::vector<schemas::expected_checksum>& of_source) const {
  if (auto claimed = check_claims(); !claimed)
    return tl::unexpected{std::move(claimed.error())};
  if (auto same = check_source(of_source); !same)
    return tl::unexpected{std::move(same.error())};
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
