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

/// What a service is asked: a method, a path below its version, fields that end with CR LF each, a body.
struct cloud_request {
  std::string method;
  std::string path;    ///< "/auth/tokens?nocatalog"
  std::string fields;  ///< "X-Auth-Token: …\r\n"; values hold printable ASCII only
  std::string body;    ///< JSON; empty for none
  std::string accept = "application/json";
};

struct cloud_answer {
  unsigned status = 0;
  std::string subject_token;  ///< X-Subject-Token; empty when there is none
  std::string body;           ///< at most 1 MiB
};

/// Where another service of this cloud is, as the operator's configuration says it.
struct cloud_endpoint {
  std::string section;  ///< of the configuration, for messages: "auth.keystone"
  std::string url;
  std::string version;  ///< put behind the url unless it ends with it: "/v3"
  std::string ca_file;  ///< "" = the system's authorities
  std::chrono::milliseconds timeout{};
};
[[nodiscard]] cloud_endpoint endpoint_of(const schemas::keystone_configuration& keystone);

/// One request to a service of the operator's own (Keystone, Barbican) and its whole answer, over a connection of its
/// own. The machinery is that of sources, with all its bounds on what a server may send, but for two rules: the
/// operator chose this address, so none is refused, and a redirect is an answer like any other: no token follows it.
class cloud_line {
 public:
  /// Refused when `url` or `ca_file` cannot be used; the message names the key.
  [[nodiscard]] static schemas::result<cloud_line> to(const cloud_endpoint& where);

  /// False when what is said can be read on the way: plain http to another machine.
  [[nodiscard]] bool is_private() const;

  /// The answer by `deadline`; `overloaded` when there is none.
  [[nodiscard]] boost::asio::awaitable<schemas::result<cloud_answer>> send(
      cloud_request request, std::chrono::steady_clock::time_point deadline) const;

 private:
  cloud_line(schemas::location base, fetch_limits limits, std::shared_ptr<connector> network);

  schemas::location base_;  ///< its target is the path to the version, without a slash at its end
  fetch_limits limits_;
  std::shared_ptr<connector> network_;
};

}  // namespace sluice::http
