// SPDX-License-Identifier: Apache-2.0
#include "http/client/barbican_certificates.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "http/client/service_account.hpp"
#include "schemas/barbican_secret.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using actors::source_failure;
using actors::source_result;
using schemas::error_code;
using answer_text = source_result<std::string>;

namespace {

/// What the owner of an import is told; the log says what went wrong.
source_failure unreachable(const std::string& reason) {
  spdlog::warn("barbican gives no certificate reason=\"{}\"", reason);
  return source_failure{
      schemas::failure{error_code::source_unreachable,
                       "The service that keeps signers' certificates did not give one. Try again later; if that does "
                       "not help, tell the operator."},
      true};
}

}  // namespace

barbican_certificates::barbican_certificates(cloud_line secrets, cloud_line keystone,
                                             schemas::keystone_configuration account, std::chrono::milliseconds timeout,
                                             actors::certificate_source* first)
    : secrets_{std::make_shared<const cloud_line>(std::move(secrets))},
      keystone_{std::make_shared<const cloud_line>(std::move(keystone))},
      account_{std::move(account)},
      timeout_{timeout},
      first_{first} {}

schemas::result<std::unique_ptr<barbican_certificates>> barbican_certificates::to(
    const schemas::barbican_configuration& barbican, const schemas::keystone_configuration& keystone,
    actors::certificate_source* first) {
  if (const auto secret = secret_of(keystone); !secret)
    return tl::unexpected{secret.error()};
  auto secrets = cloud_line::to({"verify.barbican", barbican.url, "/v1", barbican.ca_file, barbican.timeout});
  if (!secrets)
    return tl::unexpected{secrets.error()};
  auto identity = cloud_line::to(endpoint_of(keystone));
  if (!identity)
    return tl::unexpected{identity.error()};
  return std::unique_ptr<barbican_certificates>{
      new barbican_certificates{std::move(*secrets), std::move(*identity), keystone, barbican.timeout, first}};
}

asio::awaitable<answer_text> barbican_certificates::certificate(std::string id) {
  if (first_ != nullptr) {
    auto asking = first_->certificate(id);
    auto known = co_await std::move(asking);
    // What is not permanent is a fault there, and no word on whether it has the certificate.
    if (known || known.error().transient)
      co_return known;
  }
  auto reading = read(std::move(id));
  auto answer = co_await std::move(reading);
  co_return answer;
}

asio::awaitable<answer_text> barbican_certificates::read(std::string id) {
  answer_text answer;
  service_account account{account_, keystone_};
  auto signing_in = account.token();
  const auto token = co_await std::move(signing_in);
  if (!token) {
    answer = tl::unexpected<source_failure>{unreachable("Keystone: " + token.error().message)};
    co_return answer;
  }
  auto asking = get("/secrets/" + id, "application/json", *token, id);
  auto metadata = co_await std::move(asking);
  if (!metadata)
    co_return metadata;
  auto type = schemas::barbican_payload_type(*metadata);
  if (!type) {
    answer = tl::unexpected<source_failure>{unreachable("what it says of a secret is not sound")};
    co_return answer;
  }
  auto fetching = get("/secrets/" + id + "/payload", std::move(*type), *token, id);
  answer = co_await std::move(fetching);
  co_return answer;
}

asio::awaitable<answer_text> barbican_certificates::get(std::string path, std::string accept, std::string token,
                                                        std::string id) {
  cloud_request request;
  request.method = "GET";
  request.path = std::move(path);
  request.fields = "X-Auth-Token: " + token + "\r\n";
  request.accept = std::move(accept);
  auto asking = secrets_->send(std::move(request), std::chrono::steady_clock::now() + timeout_);
  auto got = co_await std::move(asking);
  answer_text answer;
  if (!got)
    answer = tl::unexpected<source_failure>{unreachable(got.error().message)};
  else if (got->status == 200)
    answer = std::move(got->body);
  else if (got->status == 404)
    answer = tl::unexpected<source_failure>{actors::unknown_certificate(id)};
  else
    answer = tl::unexpected<source_failure>{unreachable("it answered " + std::to_string(got->status))};
  co_return answer;
}

}  // namespace sluice::http
