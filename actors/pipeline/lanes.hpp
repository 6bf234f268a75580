// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <openssl/evp.h>

#include "actors/pipeline/paired_digest.hpp"
#include "actors/verification/stream_inspection.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors {

/// Something that must see every byte of an import once and in order. Different lanes of one import see the same block
/// at the same time on different threads; one lane is never in two threads.
class lane {
 public:
  virtual ~lane() = default;
  /// A failure ends the import; nothing more is given to this lane.
  [[nodiscard]] virtual schemas::result<void> consume(std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual schemas::result<void> finish() = 0;
  /// The digest of a lane whose `consume` does nothing but update it, which never fails: such lanes of different
  /// imports may be fed together (`update_together`) instead. Otherwise null. Always the same answer.
  [[nodiscard]] virtual paired_digest* groupable() noexcept { return nullptr; }
};

/// A message digest by OpenSSL.
class digest_lane final : public lane {
 public:
  /// `algorithm` is a name of OpenSSL's: md5, sha1, sha224, sha256, sha384 or sha512. Throws std::runtime_error when
  /// OpenSSL does not offer it (md5 in a FIPS build): the operator then turns it off in `[digests]`.
  explicit digest_lane(const std::string& algorithm);

  [[nodiscard]] schemas::result<void> consume(std::span<const std::byte> bytes) override;
  [[nodiscard]] schemas::result<void> finish() override;
  /// Lower-case hex, after `finish`.
  [[nodiscard]] const std::string& value() const noexcept { return value_; }

 private:
  struct context_deleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, context_deleter> context_;
  std::string value_;
};

/// MD5 and SHA-512 in one lane: the cheapest for the machine as a whole, most of all together with those of others.
class paired_lane final : public lane {
 public:
  [[nodiscard]] schemas::result<void> consume(std::span<const std::byte> bytes) override {
    digest_.update(bytes);
    return {};
  }
  [[nodiscard]] schemas::result<void> finish() override {
    values_ = digest_.finish();
    return {};
  }
  [[nodiscard]] paired_digest* groupable() noexcept override { return &digest_; }
  /// After `finish`.
  [[nodiscard]] const paired_digest::values& values() const noexcept { return values_; }

 private:
  paired_digest digest_;
  paired_digest::values values_;
};

/// The inspection of the format while the bytes pass.
class inspection_lane final : public lane {
 public:
  explicit inspection_lane(verification::inspection_policy policy);

  /// While nothing is in flight.
  void announce_total(std::uint64_t bytes) { inspection_.announce_total(bytes); }
  [[nodiscard]] schemas::result<void> consume(std::span<const std::byte> bytes) override;
  /// Keeps the verdict, refusal included: whether the bytes are the expected ones is judged before what they are.
  [[nodiscard]] schemas::result<void> finish() override;

  [[nodiscard]] bool front_decided() const noexcept { return front_decided_.load(std::memory_order_acquire); }
  /// After `finish`.
  [[nodiscard]] const std::optional<schemas::result<verification::inspection_verdict>>& verdict() const noexcept {
    return verdict_;
  }

 private:
  verification::stream_inspection inspection_;
  std::atomic<bool> front_decided_{false};
  std::optional<schemas::result<verification::inspection_verdict>> verdict_;
};

}  // namespace sluice::actors
