// SPDX-License-Identifier: Apache-2.0
#include "actors/certificates/configured_certificates.hpp"

#include <fstream>
#include <utility>

#include "actors/verification/signatures/signature_check.hpp"

namespace sluice::actors {

namespace {

constexpr std::size_t largest_certificate = std::size_t{1} << 20;

schemas::result<std::string> read(const std::string& id, const std::string& file) {
  const auto key = "verify.certificates." + id + ": ";
  std::ifstream stream{file, std::ios::binary};
  std::string bytes(largest_certificate + 1, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad() || bytes.empty() || bytes.size() > largest_certificate)
    return schemas::refuse(schemas::error_code::invalid_request,
                           key + "expected a readable file of at most 1 MiB, got " + file);
  if (const auto sound = verification::check_certificate_bytes(bytes); !sound)
    return schemas::refuse(schemas::error_code::invalid_request, key + sound.error().message + ", got " + file);
  return bytes;
}

}  // namespace

schemas::result<configured_certificates> configured_certificates::load(const schemas::verify_configuration& verify) {
  configured_certificates loaded;
  for (const auto& [id, file] : verify.certificates) {
    auto bytes = read(id, file);
    if (!bytes)
      return tl::unexpected{std::move(bytes.error())};
    loaded.bytes_.emplace(id, std::move(*bytes));
  }
  return loaded;
}

boost::asio::awaitable<source_result<std::string>> configured_certificates::certificate(std::string id) {
  source_result<std::string> answer;
  if (const auto found = bytes_.find(id); found != bytes_.end())
    answer = found->second;
  else
    answer = tl::unexpected<source_failure>{unknown_certificate(id)};
  co_return answer;
}

}  // namespace sluice::actors
