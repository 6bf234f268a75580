// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>

#include <openssl/evp.h>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/packaging/ovf_manifest.hpp"

namespace sluice::actors::verification::packaging {

/// The digests of one member by every algorithm that a manifest may use: which one it does is often told only after the
/// member.
class member_digests {
 public:
  /// Throws std::runtime_error when OpenSSL does not offer one of them.
  member_digests();

  void update(formats::bytes_view piece);
  /// After the last byte, once.
  void finish();
  /// Lower-case hexadecimal digits, after `finish`.
  [[nodiscard]] const std::string& value(manifest_digest algorithm) const noexcept;

 private:
  struct deleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  std::array<std::unique_ptr<EVP_MD_CTX, deleter>, 3> contexts_;  ///< by manifest_digest
  std::array<std::string, 3> values_;
};

}  // namespace sluice::actors::verification::packaging
