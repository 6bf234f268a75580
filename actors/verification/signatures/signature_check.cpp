// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/signatures/signature_check.hpp"

#include <array>
#include <ctime>
#include <limits>
#include <new>
#include <vector>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace sluice::actors::verification {

namespace {

struct openssl_deleter {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(X509_STORE_CTX* context) const noexcept { X509_STORE_CTX_free(context); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
template <class Type>
using owned = std::unique_ptr<Type, openssl_deleter>;

/// What OpenSSL remembers of failures must not be found by the next one who looks, in this thread.
struct forget_errors {
  ~forget_errors() { ERR_clear_error(); }
};

template <class Type>
owned<Type> must(Type* made) {
  if (made == nullptr)
    throw std::bad_alloc{};
  return owned<Type>{made};
}

tl::unexpected<schemas::failure> refuse(std::string words) {
  return schemas::refuse(schemas::error_code::signature_invalid, std::move(words));
}

owned<X509> read_certificate(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return nullptr;
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  if (owned<X509> der{d2i_X509(nullptr, &begin, static_cast<long>(bytes.size()))})
    return der;
  const auto bio = must(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  // No callback for a password: a certificate has none, and OpenSSL would ask the terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  return owned<X509>{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)};
}

schemas::result<void> check_time(const X509* certificate, std::time_t now) {
  if (X509_cmp_time(X509_get0_notBefore(certificate), &now) >= 0)
    return refuse("Expected a certificate that is valid now, got one that is not valid yet. Sign with another one.");
  if (X509_cmp_time(X509_get0_notAfter(certificate), &now) <= 0)
    return refuse(
        "Expected a certificate that is valid now, got one that has expired. Sign the image with a new certificate, "
        "and name that one in img_signature_certificate_uuid.");
  return {};
}

schemas::result<void> check_chain(X509* certificate, const trusted_authorities& authorities, std::time_t now) {
  const auto context = must(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), authorities.store(), certificate, nullptr) != 1)
    throw std::bad_alloc{};
  auto* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, now);
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);
  if (X509_verify_cert(context.get()) == 1)
    return {};
  return refuse(
      "Expected a certificate from an authority that the operator trusts, got another one. Sign with a certificate "
      "of such an authority, or ask the operator to trust this one.");
}

/// RSA-PSS, DSA, or ECC_ and the name of the curve as SEC 2 writes it.
schemas::result<void> check_key(EVP_PKEY* key, const std::string& declared) {
  std::string came;
  if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
    came = "RSA-PSS";
  } else if (EVP_PKEY_is_a(key, "DSA") == 1) {
    came = "DSA";
  } else if (EVP_PKEY_is_a(key, "EC") == 1) {
    std::array<char, 64> curve{};
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), curve.size(), nullptr) == 1) {
      came = "ECC_";
      came += curve.data();
      for (char& c : came)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  if (came == declared)
    return {};
  return refuse("Expected a certificate with a key of the kind " + declared + ", as img_signature_key_type says, got " +
                (came.empty() ? "another kind" : came) +
                ". Correct img_signature_key_type or img_signature_certificate_uuid.");
}

std::vector<unsigned char> bytes_of(std::string_view hex) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::vector<unsigned char> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<unsigned char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return bytes;
}

}  // namespace

schemas::result<void> check_certificate_bytes(std::string_view bytes) {
  const forget_errors at_the_end;
  const auto certificate = read_certificate(bytes);
  if (certificate && X509_get0_pubkey(certificate.get()) != nullptr)
    return {};
  return schemas::refuse(schemas::error_code::invalid_request, "expected an X.509 certificate in PEM or DER");
}

schemas::result<signature_check> signature_check::prepare(schemas::image_signature signature,
                                                          std::string_view certificate,
                                                          const trusted_authorities* authorities,
                                                          std::chrono::system_clock::time_point now) {
  const forget_errors at_the_end;
  const auto read = read_certificate(certificate);
  const std::shared_ptr<EVP_PKEY> key{read ? X509_get_pubkey(read.get()) : nullptr, EVP_PKEY_free};
  if (!key)
    return refuse(
        "Expected an X.509 certificate behind img_signature_certificate_uuid, got something else. Name the "
        "certificate that the image was signed with.");
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  if (auto valid = check_time(read.get(), seconds); !valid)
    return tl::unexpected{valid.error()};
  if (authorities != nullptr)
    if (auto trusted = check_chain(read.get(), *authorities, seconds); !trusted)
      return tl::unexpected{trusted.error()};
  if ((X509_get_extension_flags(read.get()) & EXFLAG_KUSAGE) != 0 &&
      (X509_get_key_usage(read.get()) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
    return refuse(
        "Expected a certificate whose key may sign, got one whose key usage does not allow it. Sign with "
        "another certificate.");
  if (auto fits = check_key(key.get(), signature.key_type); !fits)
    return tl::unexpected{fits.error()};
  return signature_check{std::move(signature), key};
}

schemas::result<void> signature_check::verify(std::string_view digest) const {
  const forget_errors at_the_end;
  const auto context = must(EVP_PKEY_CTX_new(key_.get(), nullptr));
  const auto* const hash = EVP_get_digestbyname(signature_.hash_algorithm.c_str());
  bool sound = hash != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context.get(), hash) == 1;
  if (sound && signature_.key_type == "RSA-PSS")
    sound = EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), hash) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_MAX) == 1;
  const auto signed_digest = bytes_of(digest);
  const auto& signature = signature_.signature;
  if (sound && EVP_PKEY_verify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                               signature.size(), signed_digest.data(), signed_digest.size()) == 1)
    return {};
  return refuse("Expected img_signature to be made over this image with the key of the certificate " +
                signature_.certificate_id + ", by " + signature_.key_type + " and " + signature_.hash_algorithm +
                ", but it was not. The image, the signature or the certificate is another one; sign the image's bytes "
                "again, or check the img_signature properties.");
}

}  // namespace sluice::actors::verification
