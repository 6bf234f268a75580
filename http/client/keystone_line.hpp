// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "http/client/connector.hpp"
#include "http/client/fetch_limits.hpp"
#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"
#include "schemas/location.hpp"

namespace sluice::http {

/// What Keystone is asked: a method, a path below `/v3`, fields that end with CR LF each, a body.
struct keystone_request {
  std::string method;
  std::string path;    ///< "/auth/tokens?nocatalog"
  std::string fields;  ///< "X-Auth-Token: …\r\n"; values hold printable ASCII only
  std::string body;    ///< JSON; empty for none
};

struct keystone_answer {
  unsigned status = 0;
  std::string subject_token;  ///< X-Subject-Token; empty when there is none
  std::string body;           ///< at most 1 MiB
};

/// One request to Keystone and its whole answer, over a connection of its own. The machinery is that of sources, with
/// all its bounds on what a server may send, but for two rules: the operator chose this address, so none is refused,
/// and a redirect is an answer like any other: no token follows it.
class keystone_line {
 public:
  /// Refused when `url` or `ca_file` cannot be used; the message names the key.
  [[nodiscard]] static schemas::result<keystone_line> to(const schemas::keystone_configuration& keystone);

  /// The answer by `deadline`; `overloaded` when there is none.
  [[nodiscard]] boost::asio::awaitable<schemas::result<keystone_answer>> send(
      keystone_request request, std::chrono::steady_clock::time_point deadline) const;

 private:
  keystone_line(schemas::location base, fetch_limits limits, std::shared_ptr<connector> network);

  schemas::location base_;  ///< its target is the path to /v3, without a slash at its end
  fetch_limits limits_;
  std::shared_ptr<connector> network_;
};

}  // namespace sluice::http
