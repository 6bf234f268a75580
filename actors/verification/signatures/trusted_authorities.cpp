// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/signatures/trusted_authorities.hpp"

#include <new>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace sluice::actors::verification {

schemas::result<trusted_authorities> trusted_authorities::load(const std::string& file) {
  std::shared_ptr<X509_STORE> store{X509_STORE_new(), X509_STORE_free};
  if (!store)
    throw std::bad_alloc{};
  if (X509_STORE_load_file(store.get(), file.c_str()) != 1) {
    ERR_clear_error();
    return schemas::refuse(schemas::error_code::invalid_request,
                           "verify.trusted_ca: expected a readable PEM file of certificates, got " + file);
  }
  return trusted_authorities{std::move(store)};
}

}  // namespace sluice::actors::verification
