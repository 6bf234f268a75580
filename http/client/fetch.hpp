// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "actors/ports.hpp"
#include "http/client/body_reader.hpp"
#include "http/client/connector.hpp"
#include "http/client/exchange.hpp"
#include "http/client/fetch_limits.hpp"
#include "http/client/live_connection.hpp"
#include "schemas/configuration.hpp"

namespace sluice::http {

/// What an http_source does, in an object that its coroutines keep alive: the source may be destroyed while they wait.
/// The static functions take the shared_ptr for that reason.
class fetch {
 public:
  fetch(std::shared_ptr<connector> network, schemas::sources_configuration sources, const fetch_limits& limits,
        std::string location);

  [[nodiscard]] static boost::asio::awaitable<actors::source_result<actors::source_offer>> open(
      std::shared_ptr<fetch> self, std::uint64_t offset, std::string validator);
  [[nodiscard]] static boost::asio::awaitable<actors::source_result<std::size_t>> read_some(std::shared_ptr<fetch> self,
                                                                                            std::span<std::byte> into);
  void abort();

 private:
  using offered = actors::source_result<actors::source_offer>;

  /// One attempt, through all redirects. Empty when the source did not prove that it resumes the same content.
  [[nodiscard]] boost::asio::awaitable<std::optional<offered>> attempt(std::optional<resumption> resume);
  /// Follows redirects to the answer that is none.
  [[nodiscard]] boost::asio::awaitable<actors::source_result<answer>> follow(const std::optional<resumption>& resume);
  [[nodiscard]] std::optional<offered> judge(answer got, const std::optional<resumption>& resume);
  [[nodiscard]] std::optional<offered> judge_part(const response_head& head, const resumption& resume) const;
  [[nodiscard]] offered judge_whole(const response_head& head) const;
  [[nodiscard]] offered judge_status(const response_head& head) const;

  std::shared_ptr<connector> network_;
  schemas::sources_configuration sources_;
  fetch_limits limits_;
  std::string location_;
  std::string shown_;  ///< the location as its owner may see it; the only URL in messages, whatever redirects said
  std::shared_ptr<live_connection> live_ = std::make_shared<live_connection>();
  std::optional<body_reader> body_;
};

}  // namespace sluice::http
