// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

#include "actors/verification/signatures/trusted_authorities.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_signature.hpp"

namespace sluice::actors::verification {

/// Is `bytes` one X.509 certificate, in PEM or DER? The words are for the operator.
[[nodiscard]] schemas::result<void> check_certificate_bytes(std::string_view bytes);

/// Whether an image was signed by the holder of a certificate, as OpenStack's cursive defines it: the signature is over
/// the image's data, with the named hash; RSA as PSS with MGF1 of the same hash and the longest salt, DSA and ECDSA in
/// DER. Nova verifies the same before it boots.
///
/// `prepare` before the first byte, so that what can never verify costs nothing; `verify` after the last, with nothing
/// but the digest.
class signature_check {
 public:
  /// Refused as `signature_invalid`: no certificate, outside its time at `now`, not from `authorities` (when given),
  /// not allowed to sign by its key usage (RFC 5280 section 4.2.1.3), or its key is of another kind than the one
  /// declared.
  [[nodiscard]] static schemas::result<signature_check> prepare(schemas::image_signature signature,
                                                                std::string_view certificate,
                                                                const trusted_authorities* authorities,
                                                                std::chrono::system_clock::time_point now);

  /// The digest that `verify` needs: sha224 | sha256 | sha384 | sha512.
  [[nodiscard]] const std::string& hash_algorithm() const noexcept { return signature_.hash_algorithm; }

  /// `digest` in hexadecimal, of the whole image by `hash_algorithm`. Refused as `signature_invalid`.
  [[nodiscard]] schemas::result<void> verify(std::string_view digest) const;

 private:
  signature_check(schemas::image_signature signature, std::shared_ptr<EVP_PKEY> key)
      : signature_{std::move(signature)}, key_{std::move(key)} {}

  schemas::image_signature signature_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace sluice::actors::verification
