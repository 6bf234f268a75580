// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "http/server/message.hpp"

/// Which handler answers: a table of method and path, where up to two segments may be `{…}`. Paths are compared whole
/// and decoded once; no prefix, no pattern, no order that matters.
namespace sluice::http {

template <class Handler>
class router {
 public:
  struct match {
    const Handler* handler = nullptr;  ///< null: nobody answers this method here
    std::string_view parameter;        ///< what stood for the first `{…}`; points into the path
    std::string_view second;           ///< what stood for the second one
    std::string allow;                 ///< the methods of this path, as Allow wants them; empty: no such path
  };

  void add(verb method, std::string_view pattern, Handler handler) {
    table_.emplace_back(method, std::string{pattern}, std::move(handler));
  }

  /// HEAD is answered by what answers GET.
  [[nodiscard]] match find(verb method, std::string_view path) const {
    match found;
    for (const auto& row : table_) {
      const auto stood = matched(row.pattern, path);
      if (!stood)
        continue;
      append_method(found.allow, row.method);
      if (row.method == method || (method == verb::head && row.method == verb::get)) {
        found.handler = &row.handler;
        found.parameter = stood->front();
        found.second = stood->back();
        return found;
      }
    }
    return found;
  }

  /// Every method and pattern, in the order in which they were added.
  [[nodiscard]] std::vector<std::pair<verb, std::string_view>> all() const {
    std::vector<std::pair<verb, std::string_view>> rows;
    for (const auto& row : table_)
      rows.emplace_back(row.method, row.pattern);
    return rows;
  }

 private:
  struct route {
    route(verb m, std::string p, Handler h) : method{m}, pattern{std::move(p)}, handler{std::move(h)} {}
    verb method;
    std::string pattern;
    Handler handler;
  };

  static void append_method(std::string& allow, verb method) {
    if (!allow.empty())
      allow.append(", ");
    allow.append(boost::beast::http::to_string(method));
    if (method == verb::get)
      allow.append(", HEAD");
  }

  using parameters = std::array<std::string_view, 2>;

  /// Segment by segment: what stands for each `{…}`, never empty.
  static std::optional<parameters> matched(std::string_view pattern, std::string_view path) {
    parameters found;
    for (std::size_t count = 0;;) {
      const auto open = pattern.find('{');
      const auto plain = pattern.substr(0, open);
      if (!path.starts_with(plain))
        return std::nullopt;
      path.remove_prefix(plain.size());
      if (open == std::string_view::npos)
        return path.empty() ? std::optional{found} : std::nullopt;
      const auto segment = path.substr(0, path.find('/'));
      if (segment.empty() || count == found.size())
        return std::nullopt;
      found[count++] = segment;
      path.remove_prefix(segment.size());
      pattern.remove_prefix(pattern.find('}') + 1);
    }
  }

  std::vector<route> table_;
};

}  // namespace sluice::http
