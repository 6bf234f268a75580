// SPDX-License-Identifier: Apache-2.0
#include "http/tokens/token_digest.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace sluice::http {
namespace {

constexpr std::size_t longest_token = 8 << 10;

struct context_deleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

/// Looked up once: OpenSSL 3 searches its providers at each use of EVP_sha256().
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

token_digest digest_of(std::string_view token) {
  thread_local const std::unique_ptr<EVP_MD_CTX, context_deleter> context{EVP_MD_CTX_new()};
  token_digest out{};
  const bool done = EVP_DigestInit_ex(context.get(), sha256(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), token.data(), token.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
  if (!done)
    throw std::runtime_error{"OpenSSL cannot compute SHA-256"};
  return out;
}

bool may_be_token(std::string_view token) noexcept {
  return !token.empty() && token.size() <= longest_token &&
         std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace sluice::http
