// SPDX-License-Identifier: Apache-2.0
#include "http/api/reverification.hpp"

#include <string_view>
#include <utility>

#include "actors/coroutines/ask.hpp"
#include "http/api/faults.hpp"
#include "http/api/reverification_view.hpp"
#include "http/server/negotiation.hpp"
#include "schemas/json_value.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using actors::reverification_report;
using schemas::error_code;
using schemas::failure;

constexpr std::string_view reverification_resource = "/v1/reverification";

response answer_with(const schemas::result<reverification_report>& report, unsigned status, const request& asked) {
  if (!report)
    return fault(report.error(), asked);
  response given;
  given.status = status;
  given.content_type = "application/json";
  given.fields.emplace_back("Cache-Control", "no-store");
  given.body = reverification_json(*report);
  return given;
}

/// The image that is asked for; empty for all.
schemas::result<std::string> image_of(const request& asked) {
  if (asked.body.empty())
    return std::string{};
  const auto document = schemas::parse_json(asked.body);
  if (!document)
    return schemas::unexpected{document.error()};
  const auto* const object = document->as_object();
  if (object == nullptr)
    return schemas::refuse(error_code::invalid_request, "Expected an object with image, or no body at all.");
  if (const auto known = schemas::only_known_members(*object, {"image"}, ""); !known)
    return schemas::unexpected{known.error()};
  const auto* const image = document->find("image");
  if (image == nullptr)
    return std::string{};
  if (image->as_string() == nullptr || image->as_string()->empty())
    return schemas::refuse(error_code::invalid_request, "Expected the id of an image as a string.", "/image");
  return *image->as_string();
}

asio::awaitable<response> begin(exchange& at) {
  if (!at.asked.body.empty() && !is_json_media_type(at.asked.field("Content-Type"), "application/json"))
    co_return fault(failure(error_code::unsupported_media_type,
                            "Content-Type: expected application/json, in UTF-8, or no body at all."),
                    at.asked);
  auto image = image_of(at.asked);
  if (!image)
    co_return fault(image.error(), at.asked);
  const auto& parts = at.state.parts;
  auto pending = actors::ask<reverification_report>(
      parts.system, parts.reverifications, at.state.limits.create_deadline, actors::verify_atom_v, std::move(*image));
  const auto report = co_await std::move(pending);
  co_return answer_with(report, 202, at.asked);
}

asio::awaitable<response> show_reverification(exchange& at) {
  const auto& parts = at.state.parts;
  auto pending = actors::ask<reverification_report>(parts.system, parts.reverifications,
                                                    at.state.limits.create_deadline, actors::report_atom_v);
  const auto report = co_await std::move(pending);
  co_return answer_with(report, 200, at.asked);
}

asio::awaitable<response> cancel(exchange& at) {
  const auto& parts = at.state.parts;
  auto pending = actors::ask<reverification_report>(parts.system, parts.reverifications,
                                                    at.state.limits.create_deadline, actors::cancel_atom_v);
  const auto report = co_await std::move(pending);
  co_return answer_with(report, 200, at.asked);
}

}  // namespace

void add_reverification(api_router& routes) {
  routes.add(verb::get, reverification_resource, show_reverification);
  routes.add(verb::post, reverification_resource, begin);
  routes.add(verb::delete_, reverification_resource, cancel);
}

}  // namespace sluice::http
