// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/server/message.hpp"

/// Pages of other origins (CORS: section 3.2 of WHATWG's Fetch): a dashboard whose users' browsers send an image here
/// by themselves. A browser keeps from a page what the answer does not let it read; everybody else ignores all of this.
namespace sluice::http {

class cross_origin {
 public:
  /// Origins as browsers write them; with none, nothing is answered and no field added.
  explicit cross_origin(const std::vector<std::string>& allowed) : allowed_{allowed} {}

  /// The answer to a browser that asks, without a token, whether a page may ask; nothing for any other request.
  [[nodiscard]] std::optional<response> preflight(const request& asked) const;
  /// Lets the page that asked read the answer.
  void open(const request& asked, response& given) const;

 private:
  [[nodiscard]] bool is_allowed(const request& asked) const;

  const std::vector<std::string>& allowed_;
};

}  // namespace sluice::http
