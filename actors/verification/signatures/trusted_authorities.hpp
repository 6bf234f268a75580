// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <openssl/x509.h>

#include "schemas/failure.hpp"

namespace sluice::actors::verification {

/// The authorities that signers' certificates must descend from. Immutable; may be used from any thread.
class trusted_authorities {
 public:
  /// From a PEM bundle. Refused with words for the operator when it cannot be read or holds no certificate.
  [[nodiscard]] static schemas::result<trusted_authorities> load(const std::string& file);

  [[nodiscard]] X509_STORE* store() const noexcept { return store_.get(); }

 private:
  explicit trusted_authorities(std::shared_ptr<X509_STORE> store) : store_{std::move(store)} {}
  std::shared_ptr<X509_STORE> store_;
};

}  // namespace sluice::actors::verification
