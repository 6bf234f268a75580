// SPDX-License-Identifier: Apache-2.0
#include "http/client/service_account.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/tokens/token_digest.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using schemas::error_code;

namespace {

constexpr std::size_t longest_secret = 4096;

/// A token is renewed when a tenth of its life is left, at most five minutes before its end.
constexpr std::chrono::minutes earliest_renewal{5};

}  // namespace

schemas::result<std::string> secret_of(const schemas::keystone_configuration& keystone) {
  const bool by_credential = !keystone.application_credential_id.empty();
  const auto& text = by_credential ? keystone.application_credential_secret : keystone.password;
  if (!text.empty())
    return text;
  const auto& file = by_credential ? keystone.application_credential_secret_file : keystone.password_file;
  std::ifstream stream{file};
  std::string line;
  std::getline(stream, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
    line.pop_back();
  if (!line.empty() && line.size() <= longest_secret)
    return line;
  return schemas::refuse(
      error_code::invalid_request,
      std::string{by_credential ? "auth.keystone.application_credential_secret_file" : "auth.keystone.password_file"} +
          ": expected a readable file whose first line is the secret, got \"" + file + "\"");
}

service_account::service_account(schemas::keystone_configuration keystone, std::shared_ptr<const cloud_line> line)
    : keystone_{std::move(keystone)}, line_{std::move(line)} {}

asio::awaitable<service_account::result> service_account::token() {
  if (!token_.empty() && clock::now() < renew_at_)
    co_return token_;
  schemas::result<void> outcome;
  if (const auto others = under_way_) {
    if (!others->finished)
      co_await others->done.async_wait(asio::as_tuple(asio::use_awaitable));
    outcome = others->outcome;
  } else {
    const auto executor = co_await asio::this_coro::executor;
    const auto mine = std::make_shared<attempt>(executor);
    mine->done.expires_at(clock::time_point::max());  // the fetch has a deadline, and always ends the attempt
    under_way_ = mine;
    try {
      outcome = co_await fetch();
    } catch (const std::exception& fault) {  // whoever waits must hear of it
      outcome = schemas::refuse(error_code::overloaded, fault.what());
    }
    mine->outcome = outcome;
    mine->finished = true;
    mine->done.cancel();
    under_way_.reset();
  }
  if (!token_.empty() && clock::now() < valid_until_)
    co_return token_;
  if (!outcome)
    co_return tl::unexpected<schemas::failure>(outcome.error());
  co_return schemas::refuse(error_code::overloaded, "the token that it gave to this service has expired");
}

void service_account::discard(const std::string& token) {
  if (token_ == token)
    token_.clear();
}

asio::awaitable<schemas::result<void>> service_account::fetch() {
  const auto secret = secret_of(keystone_);  // read anew: a rotated secret needs no restart
  if (!secret)
    co_return schemas::refuse(error_code::overloaded, secret.error().message);
  cloud_request request;
  request.method = "POST";
  request.path = "/auth/tokens";
  request.body = schemas::keystone_login(keystone_, *secret);
  auto answer = co_await line_->send(std::move(request), clock::now() + keystone_.timeout);
  if (!answer)
    co_return tl::unexpected<schemas::failure>(answer.error());
  co_return accept(std::move(*answer));
}

schemas::result<void> service_account::accept(cloud_answer answer) {
  if (answer.status == 401 || answer.status == 403)
    return schemas::refuse(error_code::overloaded, "it refuses the service's own account; check [auth.keystone]");
  if (answer.status != 201 && answer.status != 200)
    return schemas::refuse(error_code::overloaded,
                           "it answered " + std::to_string(answer.status) + " when this service logged in");
  auto read = schemas::parse_keystone_token(answer.body);
  if (!read)
    return tl::unexpected<schemas::failure>{read.error()};
  if (!may_be_token(answer.subject_token))
    return schemas::refuse(error_code::overloaded, "it gave this service no token when it logged in");
  const auto life = std::chrono::duration_cast<clock::duration>(read->expires_at - std::chrono::system_clock::now());
  const auto now = clock::now();
  token_ = std::move(answer.subject_token);
  valid_until_ = now + life;
  renew_at_ = valid_until_ - std::min<clock::duration>(life / 10, earliest_renewal);
  catalog_ = std::move(read->catalog);
  spdlog::info("keystone let this service in user={} project={} seconds={}", read->who.user_id, read->who.project_id,
               std::chrono::duration_cast<std::chrono::seconds>(life).count());
  return {};
}

}  // namespace sluice::http
