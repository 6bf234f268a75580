// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "actors/ports.hpp"
#include "http/client/cloud_line.hpp"
#include "schemas/configuration.hpp"

namespace sluice::http {

/// Certificates of those who sign images, out of Barbican, where Glance and Nova look for them: the secret under
/// `img_signature_certificate_uuid` (GET /v1/secrets/{id}, then its payload in the type that it says), read with the
/// service's own account. What `first` knows is not asked for.
///
/// Every question signs in anew and keeps nothing, so that it may be used from any thread; a signed image costs three
/// requests. Certificates are public: that the service's account can read one tells a user nothing but that it is
/// there.
class barbican_certificates final : public actors::certificate_source {
 public:
  /// Refused when the configuration cannot be used; the message names the key. Neither service need be there yet.
  /// `first` outlives it; may be null.
  [[nodiscard]] static schemas::result<std::unique_ptr<barbican_certificates>> to(
      const schemas::barbican_configuration& barbican, const schemas::keystone_configuration& keystone,
      actors::certificate_source* first);

  [[nodiscard]] boost::asio::awaitable<actors::source_result<std::string>> certificate(std::string id) override;

 private:
  barbican_certificates(cloud_line secrets, cloud_line keystone, schemas::keystone_configuration account,
                        std::chrono::milliseconds timeout, actors::certificate_source* first);

  [[nodiscard]] boost::asio::awaitable<actors::source_result<std::string>> read(std::string id);
  [[nodiscard]] boost::asio::awaitable<actors::source_result<std::string>> get(std::string path, std::string accept,
                                                                               std::string token, std::string id);

  const std::shared_ptr<const cloud_line> secrets_, keystone_;
  const schemas::keystone_configuration account_;
  const std::chrono::milliseconds timeout_;
  actors::certificate_source* const first_;
};

}  // namespace sluice::http
