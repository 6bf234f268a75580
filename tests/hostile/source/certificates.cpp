// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/source/certificates.hpp"

#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace sluice::hostile {

namespace {

template <auto Free>
struct freed {
  template <class Type>
  void operator()(Type* object) const noexcept {
    Free(object);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed<&EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed<&X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed<&BIO_free_all>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed<&X509_EXTENSION_free>>;

void require(bool worked) {
  if (!worked)
    throw std::runtime_error{"OpenSSL could not make a test certificate"};
}

key_ptr make_key() {
  key_ptr key{EVP_EC_gen("P-256")};
  require(key != nullptr);
  return key;
}

void add_extension(X509* to, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  const extension_ptr extension{X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str())};
  require(extension != nullptr && X509_add_ext(to, extension.get(), -1) == 1);
}

x509_ptr make_certificate(const std::string& common_name, EVP_PKEY* key, std::chrono::hours from,
                          std::chrono::hours until) {
  x509_ptr made{X509_new()};
  require(made != nullptr);
  std::uint64_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), std::chrono::seconds{from}.count());
  X509_gmtime_adj(X509_getm_notAfter(made.get()), std::chrono::seconds{until}.count());
  auto* const name = X509_get_subject_name(made.get());
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0) == 1);
  require(X509_set_pubkey(made.get(), key) == 1);
  return made;
}

std::string text_of(BIO* memory) {
  const char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* subject) {
  const bio_ptr memory{BIO_new(BIO_s_mem())};
  require(PEM_write_bio_X509(memory.get(), subject) == 1);
  return text_of(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
  const bio_ptr memory{BIO_new(BIO_s_mem())};
  require(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(memory.get());
}

}  // namespace

struct certificate_authority::state {
  key_ptr key = make_key();
  x509_ptr self = make_certificate("Test authority", key.get(), std::chrono::hours{-48}, std::chrono::hours{48});
};

certificate_authority::certificate_authority() : state_{std::make_unique<state>()} {
  auto* const self = state_->self.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(self, self, NID_subject_key_identifier, "hash");
  require(X509_sign(self, state_->key.get(), EVP_sha256()) > 0);
}

certificate_authority::~certificate_authority() = default;
certificate_authority::certificate_authority(certificate_authority&&) noexcept = default;
certificate_authority& certificate_authority::operator=(certificate_authority&&) noexcept = default;

certificate certificate_authority::issue(const certificate_terms& terms) const {
  const auto key = make_key();
  const auto made = make_certificate("Test source", key.get(), terms.from, terms.until);
  auto* const authority = state_->self.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(authority));
  add_extension(made.get(), authority, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(made.get(), authority, NID_subject_alt_name, terms.names);
  require(X509_sign(made.get(), state_->key.get(), EVP_sha256()) > 0);
  return {pem_of(made.get()), pem_of(key.get())};
}

std::string certificate_authority::pem() const {
  return pem_of(state_->self.get());
}

}  // namespace sluice::hostile
