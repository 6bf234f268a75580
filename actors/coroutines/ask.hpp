// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <tuple>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caf/all.hpp>

#include "actors/messages.hpp"

namespace sluice::actors {

/// The one continuation of an ask: called with the answer, or with `service_stopping` when everybody who could have
/// answered is gone (an actor that dies with a request in hand tells nobody).
template <class Answer, class Handler>
class ask_continuation {
 public:
  explicit ask_continuation(Handler handler) : handler_{std::move(handler)} {}
  ask_continuation(const ask_continuation&) = delete;
  ask_continuation& operator=(const ask_continuation&) = delete;
  ~ask_continuation() {
    if (!finished_)
      finish(schemas::result<Answer>{tl::unexpect,
                                     schemas::failure{schemas::error_code::service_stopping,
                                                      "The service is stopping. Try again in a few seconds."}});
  }
  void finish(schemas::result<Answer> outcome) {
    finished_ = true;
    const auto executor = boost::asio::get_associated_executor(handler_);
    boost::asio::post(executor, [handler = std::move(handler_), outcome = std::move(outcome)]() mutable {
      std::move(handler)(std::move(outcome));
    });
  }

 private:
  Handler handler_;
  bool finished_ = false;
};

/// Asks an actor from a coroutine:
///
///     auto answer = co_await ask<schemas::image_import>(system, supervisor, 10s, create_atom_v, draft);
///
/// The coroutine goes on on its own executor with the answer, or with the failure: the actor's own, or `overloaded`
/// when the deadline passes. `done_atom` is the answer of messages that only confirm.
template <class Answer, class Handle, class... Payload>
boost::asio::awaitable<schemas::result<Answer>> ask(caf::actor_system& system, Handle callee, caf::timespan deadline,
                                                    Payload... payload) {
  auto start = [&system, callee = std::move(callee), deadline](auto handler, auto content) {
    auto continuation = std::make_shared<ask_continuation<Answer, decltype(handler)>>(std::move(handler));
    system.spawn([callee, deadline, continuation, content](caf::event_based_actor* self) {
      std::apply(
          [&](const auto&... word) {
            self->request(callee, deadline, word...)
                .then([continuation](Answer& answer) { continuation->finish(std::move(answer)); },
                      [continuation](const caf::error& error) {
                        continuation->finish(schemas::result<Answer>{tl::unexpect, to_failure(error)});
                      });
          },
          content);
    });
  };
  std::tuple<Payload...> content{std::move(payload)...};
  auto pending = boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void(schemas::result<Answer>)>(
      std::move(start), boost::asio::use_awaitable, std::move(content));
  co_return co_await std::move(pending);
}

}  // namespace sluice::actors
