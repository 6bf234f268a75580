// SPDX-License-Identifier: Apache-2.0
#include "http/client/swift_sign_in.hpp"

#include <utility>

#include "http/client/document.hpp"
#include "http/client/exchange.hpp"
#include "http/client/transient_statuses.hpp"
#include "schemas/swift_sign_in.hpp"

namespace sluice::http {

namespace asio = boost::asio;
using actors::source_failure;
using actors::source_result;
using schemas::error_code;

namespace {

tl::unexpected<source_failure> fail(error_code code, std::string words, bool transient = false) {
  return tl::unexpected<source_failure>{
      source_failure{schemas::failure{code, "Could not retrieve image. " + std::move(words)}, transient}};
}

source_result<fetch_target> with_object(const schemas::swift_location& to, std::string_view storage_url,
                                        std::string token, const schemas::sources_configuration& sources) {
  auto object = schemas::object_location(to.where, storage_url, to.object, sources);
  if (!object)
    return tl::unexpected<source_failure>{source_failure{std::move(object.error()), false}};
  if (token.empty())
    return fail(error_code::source_protocol, "The sign-in was answered without a token.");
  return fetch_target{std::move(*object), std::move(token)};
}

}  // namespace

std::string sign_in_text(const schemas::swift_location& to, const std::string& domain) {
  const bool posts = to.access == schemas::swift_access::keystone;
  std::string text = posts ? "POST " + to.where.target + "/auth/tokens" : "GET " + to.where.target;
  text += " HTTP/1.1\r\nHost: " + to.where.host_header() +
          "\r\nUser-Agent: sluice/0.1\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n"
          "Connection: close\r\n";
  if (!posts)
    return text + "X-Auth-User: " + to.user + "\r\nX-Auth-Key: " + to.key + "\r\n\r\n";
  const auto body = schemas::keystone_sign_in_request(to.user, to.key, to.project, domain);
  return text + "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

asio::awaitable<source_result<fetch_target>> sign_in(std::shared_ptr<connector> network,
                                                     std::shared_ptr<live_connection> live, schemas::swift_location to,
                                                     schemas::sources_configuration sources, fetch_limits limits) {
  auto opened = co_await network->connect(to.where, live);
  if (!opened)
    co_return tl::unexpected<source_failure>{std::move(opened.error())};
  auto over = std::move(*opened);
  auto request = sign_in_text(to, sources.swift_domain);
  auto got = co_await ask(over, std::move(request), limits);
  if (!got)
    co_return tl::unexpected<source_failure>{std::move(got.error())};
  const auto head = got->head;
  if (head.redirect())
    co_return fail(error_code::source_redirect,
                   "The place to sign in redirects, and the key is not sent on. Give its final address.");
  if (head.status < 200 || head.status > 299)
    co_return fail(error_code::source_status,
                   "Received " + std::to_string(head.status) + " response to the sign-in at '" + to.where.display() +
                       "'. Check project, user and key of the location.",
                   is_transient_status(head.status));
  if (to.access == schemas::swift_access::v1) {
    live->release();
    co_return with_object(to, head.storage_url, head.auth_token, sources);
  }
  auto pending = read_document(std::move(over), std::move(*got), limits, "The sign-in");
  auto document = co_await std::move(pending);
  live->release();
  if (!document)
    co_return tl::unexpected<source_failure>{std::move(document.error())};
  const auto endpoint = schemas::object_store_endpoint(*document);
  if (!endpoint)
    co_return tl::unexpected<source_failure>{source_failure{endpoint.error(), false}};
  co_return with_object(to, *endpoint, head.subject_token, sources);
}

}  // namespace sluice::http
