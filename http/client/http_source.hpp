// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "actors/ports.hpp"
#include "http/client/fetch_limits.hpp"
#include "schemas/configuration.hpp"

namespace sluice::http {

class caller_tokens;
class connector;
class fetch;

/// One image at one location: http, https, or one of Swift's.
///
/// `open` may be called again after a failure; it starts a new attempt. It offers the offset it was asked for only
/// after a 206 that carries the same strong ETag and exactly the range asked; in every other case (the content changed,
/// the source cannot say, it ignores ranges) it offers offset 0 and the whole, never an error that only a different
/// call could mend. Bytes are received straight into the caller's block.
///
/// Destroying it closes the connection, also while `open` or `read_some` waits; those then end with a failure. The
/// block given to `read_some` must outlive that wait.
class http_source final : public actors::byte_source {
 public:
  http_source(std::shared_ptr<connector> network, std::shared_ptr<const caller_tokens> tokens,
              schemas::sources_configuration sources, const fetch_limits& limits, std::string location);
  ~http_source() override;
  http_source(const http_source&) = delete;
  http_source& operator=(const http_source&) = delete;

  [[nodiscard]] boost::asio::awaitable<actors::source_result<actors::source_offer>> open(
      std::uint64_t offset, std::string validator) override;
  [[nodiscard]] boost::asio::awaitable<actors::source_result<std::size_t>> read_some(
      std::span<std::byte> into) override;

 private:
  std::shared_ptr<fetch> fetch_;
};

/// Makes sources that share one TLS context, one address policy and the threads that resolve names. The executors given
/// to `create` must be serial: an io_context run by one thread, or a strand. `create` may be called from any thread.
class http_source_factory final : public actors::byte_source_factory {
 public:
  /// Throws std::invalid_argument when `allow_networks` or `ca_file` is wrong, with the words for the operator.
  http_source_factory(schemas::sources_configuration sources, const schemas::imports_configuration& imports);
  /// With bounds of its own instead of those of `[imports]`.
  http_source_factory(schemas::sources_configuration sources, const fetch_limits& limits,
                      std::size_t resolver_threads = 8);

  /// From any thread: the bounds of sources made from now on.
  void configure(const schemas::imports_configuration& imports);

  [[nodiscard]] std::unique_ptr<actors::byte_source> create(const boost::asio::any_io_executor& where,
                                                            const std::string& location) override;

  /// Where callers' tokens are lent to imports; used from any thread.
  [[nodiscard]] const std::shared_ptr<caller_tokens>& tokens() const noexcept { return tokens_; }

 private:
  schemas::sources_configuration sources_;
  std::mutex limits_mutex_;
  fetch_limits limits_;  ///< guarded
  std::shared_ptr<caller_tokens> tokens_;
  std::shared_ptr<connector> network_;
};

}  // namespace sluice::http
