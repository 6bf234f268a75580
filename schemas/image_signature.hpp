// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/failure.hpp"

/// Glance's signed images: four properties of the image say who signed its data, and how. They stay on the image, since
/// Nova verifies again before it boots.
namespace sluice::schemas {

/// What the properties say, taken apart.
struct image_signature {
  std::string signature;       ///< bytes, of `img_signature` in base64
  std::string hash_algorithm;  ///< sha224 | sha256 | sha384 | sha512, of `img_signature_hash_method` SHA-224, …
  std::string key_type;        ///< `img_signature_key_type` as given: RSA-PSS, DSA, ECC_SECP384R1, …
  std::string certificate_id;  ///< `img_signature_certificate_uuid` in lower case

  friend bool operator==(const image_signature&, const image_signature&) = default;
};

/// Nothing when none of the four properties is there. Refused as `invalid_request`: some of them without the others, a
/// value that is not what OpenStack defines. `field` is the property, below `pointer`.
[[nodiscard]] result<std::optional<image_signature>> signature_of(const std::map<std::string, std::string>& properties,
                                                                  std::string_view pointer);

/// RFC 4648 section 4, padded; white space is passed over, as line breaks of the base64 program are. Empty when it is
/// not.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

/// `text` in lower case when it is a UUID as RFC 9562 section 4 writes it.
[[nodiscard]] std::optional<std::string> canonical_uuid(std::string_view text);

}  // namespace sluice::schemas
