// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/lanes.hpp"

#include <array>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sluice::actors {

namespace {

struct digest_deleter {
  void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
};

/// Fetched once a process: a fetch walks OpenSSL's providers, which costs more than hashing a small block.
const EVP_MD* fetched(const std::string& algorithm) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<EVP_MD, digest_deleter>> digests;
  const std::lock_guard guard{mutex};
  auto& digest = digests[algorithm];
  if (!digest)
    digest.reset(EVP_MD_fetch(nullptr, algorithm.c_str(), nullptr));
  if (!digest)
    throw std::runtime_error{"OpenSSL offers no digest " + algorithm};
  return digest.get();
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

void must(int answer) {
  if (answer != 1)
    throw std::runtime_error{"an OpenSSL digest operation failed"};
}

}  // namespace

digest_lane::digest_lane(const std::string& algorithm) : context_{EVP_MD_CTX_new()} {
  if (!context_)
    throw std::bad_alloc{};
  must(EVP_DigestInit_ex2(context_.get(), fetched(algorithm), nullptr));
}

schemas::result<void> digest_lane::consume(std::span<const std::byte> bytes) {
  must(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  return {};
}

schemas::result<void> digest_lane::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  must(EVP_DigestFinal_ex(context_.get(), digest.data(), &length));
  value_ = hex(std::span{digest}.first(length));
  return {};
}

inspection_lane::inspection_lane(verification::inspection_policy policy) : inspection_{std::move(policy)} {}

schemas::result<void> inspection_lane::consume(std::span<const std::byte> bytes) {
  auto judged = inspection_.feed(bytes);
  if (judged && inspection_.front_decided())
    front_decided_.store(true, std::memory_order_release);
  return judged;
}

schemas::result<void> inspection_lane::finish() {
  verdict_ = inspection_.finish();
  return {};
}

}  // namespace sluice::actors
