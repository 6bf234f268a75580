// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "http/command/arguments.hpp"
#include "http/command/outcome.hpp"

namespace sluice::command {

class service_connection;

/// What the service answered to one request.
struct answer {
  unsigned status = 0;
  std::string body;         ///< empty for a download that succeeded: read it with `read_download`
  std::string content_md5;  ///< header Content-MD5, "" when absent
  std::optional<std::uint64_t> length;
};

/// Talks to one service, one request at a time, over a connection that is kept between requests.
///
/// Every step has a deadline, and Ctrl-C (SIGINT, SIGTERM, SIGHUP) ends any of them at once as `outcome::interrupted`.
/// Certificates are verified; there is no switch for that.
class service_client {
 public:
  using headers = std::vector<std::pair<std::string, std::string>>;

  /// Refuses a URL or a CA file that makes no sense; nothing is sent yet.
  [[nodiscard]] static attempt<service_client> create(const service_address& address);
  service_client(service_client&&) noexcept;
  service_client& operator=(service_client&&) noexcept;
  ~service_client();

  /// One request and its whole answer (at most 64 MiB). `patience` bounds the time until the answer begins, for
  /// requests that ask the service to wait. A GET on a kept connection that turns out to be closed is sent once more.
  [[nodiscard]] attempt<answer> request(const std::string& method, const std::string& path, const std::string& body,
                                        const headers& more, std::chrono::seconds patience = std::chrono::seconds{60});
  [[nodiscard]] attempt<answer> get(const std::string& path, const headers& more = {}) {
    return request("GET", path, {}, more);
  }

  /// Begins a GET whose body may be of any size. When the status is not 200 the answer holds the body already.
  [[nodiscard]] attempt<answer> begin_download(const std::string& path);
  /// The next bytes of the body that was begun; 0 at its end. A body that ends early is trouble.
  [[nodiscard]] attempt<std::size_t> read_download(std::span<char> buffer);

  /// Lets time pass; trouble only when interrupted.
  [[nodiscard]] attempt<void> pause(std::chrono::milliseconds span);

  /// scheme://host[:port][/prefix] as it is used.
  [[nodiscard]] const std::string& base() const noexcept;

 private:
  explicit service_client(std::unique_ptr<service_connection> made);
  std::unique_ptr<service_connection> connection_;
};

}  // namespace sluice::command
