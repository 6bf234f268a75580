// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <openssl/bio.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

/// Somebody who signs images: a key and a certificate over it, made for one test.
namespace sluice::test {

inline void must(bool done) {
  if (!done)
    throw std::runtime_error{"OpenSSL refused"};
}

struct certificate_wishes {
  long begins = -3600;  ///< seconds from now
  long ends = 3600;
  const char* key_usage = nullptr;  ///< as openssl.cnf writes it; null = no such extension
};

class signer {
 public:
  /// `kind` as img_signature_key_type names it: RSA-PSS, DSA, ECC_SECP384R1, …; `by` signs the certificate, null =
  /// itself.
  explicit signer(const std::string& kind, const certificate_wishes& wishes = {}, const signer* by = nullptr)
      : kind_{kind}, key_{make_key(kind)}, certificate_{X509_new(), X509_free} {
    auto* const made = certificate_.get();
    must(X509_set_version(made, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(made), by ? 2 : 1) == 1);
    must(X509_gmtime_adj(X509_getm_notBefore(made), wishes.begins) != nullptr);
    must(X509_gmtime_adj(X509_getm_notAfter(made), wishes.ends) != nullptr);
    const std::string name = by ? "Signer" : "Authority";
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1);
    must(X509_set_issuer_name(made, X509_get_subject_name(by ? by->certificate_.get() : made)) == 1);
    must(X509_set_pubkey(made, key_.get()) == 1);
    if (!by)
      extend(NID_basic_constraints, "critical,CA:TRUE");
    if (wishes.key_usage != nullptr)
      extend(NID_key_usage, wishes.key_usage);
    must(X509_sign(made, by ? by->key_.get() : key_.get(), EVP_sha256()) > 0);
  }

  [[nodiscard]] std::string pem() const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), BIO_free};
    must(PEM_write_bio_X509(bio.get(), certificate_.get()) == 1);
    char* text = nullptr;
    const auto length = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(length)};
  }
  [[nodiscard]] std::string der() const {
    unsigned char* encoded = nullptr;
    const auto length = i2d_X509(certificate_.get(), &encoded);
    must(length > 0);
    std::string copy{reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length)};
    OPENSSL_free(encoded);
    return copy;
  }

  /// Over the data itself, as OpenStack's clients do; `salt` as OpenSSL counts it.
  [[nodiscard]] std::string sign(std::span<const std::byte> data, const std::string& hash,
                                 int salt = RSA_PSS_SALTLEN_MAX) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    EVP_PKEY_CTX* parameters = nullptr;
    must(EVP_DigestSignInit(context.get(), &parameters, EVP_get_digestbyname(hash.c_str()), nullptr, key_.get()) == 1);
    if (kind_ == "RSA-PSS") {
      must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1);
      must(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt) == 1);
    }
    const auto* const begin = reinterpret_cast<const unsigned char*>(data.data());
    std::size_t length = 0;
    must(EVP_DigestSign(context.get(), nullptr, &length, begin, data.size()) == 1);
    std::string signature(length, '\0');
    must(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, begin,
                        data.size()) == 1);
    signature.resize(length);
    return signature;
  }

 private:
  using key = std::shared_ptr<EVP_PKEY>;

  static key make_key(const std::string& kind) {
    EVP_PKEY* made = nullptr;
    if (kind == "RSA-PSS") {
      made = EVP_RSA_gen(2048U);
    } else if (kind == "DSA") {
      const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> asking{
          EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr), EVP_PKEY_CTX_free};
      EVP_PKEY* domain = nullptr;
      // Small: larger ones take seconds to find.
      must(EVP_PKEY_paramgen_init(asking.get()) == 1 && EVP_PKEY_CTX_set_dsa_paramgen_bits(asking.get(), 1024) == 1 &&
           EVP_PKEY_paramgen(asking.get(), &domain) == 1);
      const key parameters{domain, EVP_PKEY_free};
      const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> making{EVP_PKEY_CTX_new(domain, nullptr),
                                                                               EVP_PKEY_CTX_free};
      must(EVP_PKEY_keygen_init(making.get()) == 1 && EVP_PKEY_keygen(making.get(), &made) == 1);
    } else {
      std::string curve = kind.substr(4);
      for (char& c : curve)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      made = EVP_EC_gen(curve.c_str());
    }
    must(made != nullptr);
    return key{made, EVP_PKEY_free};
  }
  void extend(int kind, const char* value) {
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
        X509V3_EXT_conf_nid(nullptr, nullptr, kind, value), X509_EXTENSION_free};
    must(extension != nullptr && X509_add_ext(certificate_.get(), extension.get(), -1) == 1);
  }

  std::string kind_;
  key key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

inline std::string base64(const std::string& data) {
  std::vector<unsigned char> text(data.size() / 3 * 4 + 5);
  const auto length =
      EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(data.data()), static_cast<int>(data.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

}  // namespace sluice::test
