// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
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
#include "http/client/swift_sign_in.hpp"
#include "http/tokens/caller_tokens.hpp"
#include "schemas/configuration.hpp"
#include "schemas/remote_image.hpp"

namespace sluice::http {

/// What an http_source does, in an object that its coroutines keep alive: the source may be destroyed while they wait.
/// The static functions take the shared_ptr for that reason.
class fetch {
 public:
  fetch(std::shared_ptr<connector> network, std::shared_ptr<const caller_tokens> tokens,
        schemas::sources_configuration sources, const fetch_limits& limits, std::string location);

  [[nodiscard]] static boost::asio::awaitable<actors::source_result<actors::source_offer>> open(
      std::shared_ptr<fetch> self, std::uint64_t offset, std::string validator);
  [[nodiscard]] static boost::asio::awaitable<actors::source_result<std::size_t>> read_some(std::shared_ptr<fetch> self,
                                                                                            std::span<std::byte> into);
  void abort();

 private:
  using offered = actors::source_result<actors::source_offer>;

  /// One attempt, through all redirects. Empty when the source did not prove that it resumes the same content.
  [[nodiscard]] boost::asio::awaitable<std::optional<offered>> attempt(std::optional<resumption> resume);
  /// What the location stands for: itself, or what Swift says after a sign-in.
  [[nodiscard]] boost::asio::awaitable<actors::source_result<fetch_target>> find_target();
  [[nodiscard]] actors::source_result<fetch_target> open_object(schemas::swift_location swift) const;
  /// Of an image at another Glance: asks what it is, and gives where its bytes are.
  [[nodiscard]] boost::asio::awaitable<actors::source_result<fetch_target>> find_remote_image();
  [[nodiscard]] std::string lent_token(const std::string& handle, const schemas::location& to) const;
  /// Follows redirects to the answer that is none. A token goes to the origin that it is for, and to no other.
  [[nodiscard]] boost::asio::awaitable<actors::source_result<answer>> follow(const std::optional<resumption>& resume);
  [[nodiscard]] std::optional<offered> judge(answer got, const std::optional<resumption>& resume);
  [[nodiscard]] std::optional<offered> judge_part(const response_head& head, const resumption& resume) const;
  [[nodiscard]] offered judge_whole(const response_head& head) const;
  [[nodiscard]] offered judge_status(const response_head& head) const;

  std::shared_ptr<connector> network_;
  std::shared_ptr<const caller_tokens> tokens_;
  schemas::sources_configuration sources_;
  fetch_limits limits_;
  std::string location_;
  std::string shown_;  ///< the location as its owner may see it; the only URL in messages, whatever redirects said
  bool in_swift_ = false;
  schemas::remote_description described_;  ///< what another Glance says of the image
  std::shared_ptr<live_connection> live_ = std::make_shared<live_connection>();
  std::optional<body_reader> body_;
};

}  // namespace sluice::http
