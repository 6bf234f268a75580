// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "actors/metrics/metrics.hpp"
#include "http/server/message.hpp"
#include "http/server/negotiation.hpp"

namespace sluice::http {

/// What a request is counted as: by its path alone, so that ids and names never become labels.
[[nodiscard]] inline actors::request_class class_of(const request& asked) noexcept {
  using actors::request_class;
  const std::string_view path = asked.target.path;
  const auto below = [path](std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  };
  if (below("/v2/image-imports"))
    return wants_event_stream(asked.field("Accept")) || preferred_wait(asked.field("Prefer")) ? request_class::held
                                                                                              : request_class::import;
  if (asked.method == verb::put && (path.ends_with("/file") || path.ends_with("/stage")))
    return request_class::held;
  if (below("/v2/tasks") || (below("/v2/images") && (path.ends_with("/import") || path.ends_with("/tasks"))))
    return request_class::import;
  if (below("/v2/images"))
    return path.ends_with("/file") ? request_class::file : request_class::metadata;
  return request_class::other;
}

/// Requests that imports give way to: for images and their records.
[[nodiscard]] constexpr bool is_serving(actors::request_class what) noexcept {
  return what == actors::request_class::file || what == actors::request_class::metadata;
}

}  // namespace sluice::http
