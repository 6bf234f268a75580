// SPDX-License-Identifier: Apache-2.0
#include "http/client/tls_client.hpp"

#include <string_view>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace sluice::http {

namespace ssl = boost::asio::ssl;

schemas::result<std::shared_ptr<ssl::context>> make_tls_client(const std::string& ca_file, std::string_view key) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  boost::system::error_code error;
  context->set_verify_mode(ssl::verify_peer, error);
  if (!error) {
    if (ca_file.empty())
      context->set_default_verify_paths(error);
    else
      context->load_verify_file(ca_file, error);
  }
  if (error)
    return schemas::refuse(
        schemas::error_code::invalid_request,
        std::string{key} + ": expected a readable file of certificates in PEM form, got \"" + ca_file + "\".");
  return context;
}

schemas::failure certificate_failure(long verdict) {
  const auto words = [&]() -> std::string_view {
    switch (verdict) {
      case X509_V_ERR_CERT_HAS_EXPIRED: return "The source's certificate has expired. Its operator must renew it.";
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return "The source's certificate is not valid yet. Check the clocks of the source and of this service.";
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "The source's certificate is not for the host of the location. Use the name that it was issued for.";
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      case X509_V_ERR_CERT_UNTRUSTED:
      case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // bears the name of a trusted authority and not its signature
        return "The source's certificate was not issued by an authority that this service trusts. The operator can "
               "add the authority with [sources] ca_file.";
      case X509_V_OK: return "The source and this service found no common TLS 1.2 or 1.3.";
      default: return "The source's certificate does not hold.";
    }
  }();
  return {schemas::error_code::source_tls, "Could not retrieve image. " + std::string{words}};
}

}  // namespace sluice::http
