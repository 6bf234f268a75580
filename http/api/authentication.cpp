// SPDX-License-Identifier: Apache-2.0
#include "http/api/authentication.hpp"

#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/api/identity.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using schemas::error_code;
using schemas::result;
using clock = token_verdict::clock;

namespace {

constexpr std::size_t remembered_by_a_loop = 5000;
constexpr std::string_view user_token = "X-Auth-Token";
constexpr std::string_view service_token = "X-Service-Token";
/// The role that makes a service's token one, as keystonemiddleware has it by default.
constexpr std::string_view service_role = "service";

tl::unexpected<schemas::failure> nobody() {
  return schemas::refuse(error_code::unauthorized,
                         "This request needs a token of Keystone in the header X-Auth-Token.");
}

/// The tokens of a request.
struct presented {
  std::string_view user;
  std::string_view service;  ///< empty: none
};

result<presented> tokens_of(const request& asked) {
  const auto user = token_in(asked, user_token);
  const auto service = token_in(asked, service_token);
  for (const auto* const each : {&user, &service})
    if (!*each)
      return tl::unexpected<schemas::failure>{each->error()};
  if (user->empty())
    return nobody();
  return presented{*user, *service};
}

token_key key_of(std::string_view token, bool expired_too) {
  token_key key;
  key.digest = digest_of(token);
  key.expired_too = expired_too;
  return key;
}

bool is_service(const token_verdict& verdict) noexcept {
  return verdict.who && verdict.who->has_role(service_role);
}

/// Takes the verdict back to the loop that waits for it.
template <class Handler>
class return_to_loop {
 public:
  explicit return_to_loop(Handler handler) : handler_{std::move(handler)} {}
  void operator()(shared_verdict verdict) {
    const auto executor = asio::get_associated_executor(handler_);
    asio::post(executor, [handler = std::move(handler_), verdict = std::move(verdict)]() mutable {
      std::move(handler)(std::move(verdict));
    });
  }

 private:
  Handler handler_;
};

}  // namespace

authentication::authentication(const schemas::configuration& configuration, token_validator* validator)
    : configuration_{configuration.auth}, validator_{validator}, challenge_{"Keystone realm=\"images\""} {
  const auto& keystone = configuration.keystone;
  if (configuration_.mode == schemas::auth_mode::keystone)
    challenge_ = "Keystone uri=\"" +
                 (keystone.www_authenticate_uri.empty() ? keystone.url : keystone.www_authenticate_uri) + '"';
}

result<void> authentication::prepare(std::size_t loops) {
  if (configuration_.mode != schemas::auth_mode::keystone)
    return {};
  if (validator_ == nullptr)
    return schemas::refuse(error_code::invalid_request,
                           "auth.mode: \"keystone\" was asked for, but nothing that validates tokens was started.");
  known_.clear();
  for (std::size_t i = 0; i < loops; ++i)
    known_.push_back(std::make_unique<token_cache>(remembered_by_a_loop));
  return {};
}

std::optional<authentication::outcome> authentication::at_once(const request& asked, const event_loop& loop) {
  if (configuration_.mode != schemas::auth_mode::keystone)
    return identify(asked, configuration_);
  const auto tokens = tokens_of(asked);
  if (!tokens)
    return tl::unexpected<schemas::failure>{tokens.error()};
  auto& known = *known_[loop.number()];
  const auto now = clock::now();
  bool expired_too = false;
  if (!tokens->service.empty()) {
    const auto service = known.find(key_of(tokens->service, false), now);
    if (!service)
      return std::nullopt;
    if (!service->who && service->who.error().code == error_code::unauthorized)
      return tl::unexpected<schemas::failure>{service->who.error()};
    expired_too = is_service(*service);
  }
  const auto user = known.find(key_of(tokens->user, expired_too), now);
  if (!user)
    return std::nullopt;
  return user->who;
}

asio::awaitable<shared_verdict> authentication::verdict_on(std::string token, bool expired_too, token_cache& known) {
  const auto key = key_of(token, expired_too);
  if (auto found = known.find(key, clock::now()))
    co_return found;
  auto start = [this, key](auto handler, std::string asked_about) {
    auto back = std::make_shared<return_to_loop<decltype(handler)>>(std::move(handler));
    validator_->validate(key, std::move(asked_about), [back](shared_verdict verdict) { (*back)(std::move(verdict)); });
  };
  auto pending = asio::async_initiate<decltype(asio::use_awaitable), void(shared_verdict)>(
      std::move(start), asio::use_awaitable, std::move(token));
  auto verdict = co_await std::move(pending);
  if (verdict->until > clock::now())
    known.keep(key, verdict);
  co_return verdict;
}

asio::awaitable<authentication::outcome> authentication::in_time(const request& asked, event_loop& loop) {
  const auto tokens = tokens_of(asked);
  if (!tokens)
    co_return tl::unexpected<schemas::failure>(tokens.error());
  auto& known = *known_[loop.number()];
  bool expired_too = false;
  if (!tokens->service.empty()) {
    auto pending = verdict_on(std::string(tokens->service), false, known);
    const auto service = co_await std::move(pending);
    // A service's token for no project gives nobody more rights than none; one that is not valid is a lie.
    if (!service->who && service->who.error().code != error_code::forbidden)
      co_return tl::unexpected<schemas::failure>(service->who.error());
    expired_too = is_service(*service);
  }
  auto pending = verdict_on(std::string(tokens->user), expired_too, known);
  const auto user = co_await std::move(pending);
  co_return user->who;
}

}  // namespace sluice::http
