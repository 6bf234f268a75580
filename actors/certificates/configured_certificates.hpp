// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "actors/ports.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// The certificates of `[verify.certificates]`, read once at the start: a file that is later changed or lost changes
/// nothing until the next one. Immutable; may be used from any thread.
class configured_certificates final : public certificate_source {
 public:
  /// Refused, with words for the operator, when a file cannot be read or holds no certificate.
  [[nodiscard]] static schemas::result<configured_certificates> load(const schemas::verify_configuration& verify);

  [[nodiscard]] boost::asio::awaitable<source_result<std::string>> certificate(std::string id) override;

 private:
  std::map<std::string, std::string> bytes_;  ///< by id
};

}  // namespace sluice::actors
