// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

/// Certificates made when a test runs, so that none in the repository can expire.
namespace sluice::hostile {

struct certificate {
  std::string chain;  ///< PEM
  std::string key;    ///< PEM
};

/// What a certificate says of itself. The defaults hold.
struct certificate_terms {
  std::string names = "IP:127.0.0.1";  ///< subjectAltName in OpenSSL's notation, e.g. "DNS:example.org,IP:::1"
  std::chrono::hours from{-24};        ///< from now
  std::chrono::hours until{24};
};

class certificate_authority {
 public:
  certificate_authority();
  ~certificate_authority();
  certificate_authority(certificate_authority&&) noexcept;
  certificate_authority& operator=(certificate_authority&&) noexcept;

  [[nodiscard]] certificate issue(const certificate_terms& terms) const;
  /// Its own certificate in PEM.
  [[nodiscard]] std::string pem() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::hostile
