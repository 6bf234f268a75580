// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/member_digest.hpp"

#include <span>
#include <stdexcept>
#include <string_view>

namespace sluice::actors::verification::packaging {
namespace {

void must(int answer) {
  if (answer != 1)
    throw std::runtime_error{"an OpenSSL digest operation failed"};
}

}  // namespace

member_digests::member_digests() {
  const std::array algorithms{EVP_sha1(), EVP_sha256(), EVP_sha512()};
  for (std::size_t index = 0; index < contexts_.size(); ++index) {
    contexts_[index].reset(EVP_MD_CTX_new());
    must(contexts_[index] ? EVP_DigestInit_ex2(contexts_[index].get(), algorithms[index], nullptr) : 0);
  }
}

void member_digests::update(formats::bytes_view piece) {
  for (const auto& context : contexts_)
    must(EVP_DigestUpdate(context.get(), piece.data(), piece.size()));
}

void member_digests::finish() {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t index = 0; index < contexts_.size(); ++index) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    must(EVP_DigestFinal_ex(contexts_[index].get(), digest.data(), &length));
    for (const unsigned byte : std::span{digest}.first(length)) {
      values_[index].push_back(digits[byte >> 4]);
      values_[index].push_back(digits[byte & 15]);
    }
  }
}

const std::string& member_digests::value(manifest_digest algorithm) const noexcept {
  return values_[static_cast<std::size_t>(algorithm)];
}

}  // namespace sluice::actors::verification::packaging
