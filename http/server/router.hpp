// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "http/server/message.hpp"

/// Which handler answers: a table of method and path, where one segment may be `{…}`. Paths are compared whole and
/// decoded once; no prefix, no pattern, no order that matters.
namespace sluice::http {

template <class Handler>
class router {
 public:
  struct match {
    const Handler* handler = nullptr;  ///< null: nobody answers this method here
    std::string_view parameter;        ///< what stood for `{…}`; points into the path
    std::string allow;                 ///< the methods of this path, as Allow wants them; empty: no such path
  };

  void add(verb method, std::string_view pattern, Handler handler) {
    table_.emplace_back(method, std::string{pattern}, std::move(handler));
  }

  /// HEAD is answered by what answers GET.
  [[nodiscard]] match find(verb method, std::string_view path) const {
    match found;
    for (const auto& row : table_) {
      const auto parameter = matched(row.pattern, path);
      if (!parameter)
        continue;
      append_method(found.allow, row.method);
      if (row.method == method || (method == verb::head && row.method == verb::get)) {
        found.handler = &row.handler;
        found.parameter = *parameter;
        return found;
      }
    }
    return found;
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

  static std::optional<std::string_view> matched(std::string_view pattern, std::string_view path) {
    const auto open = pattern.find('{');
    if (open == std::string_view::npos)
      return pattern == path ? std::optional<std::string_view>{std::string_view{}} : std::nullopt;
    const auto front = pattern.substr(0, open);
    const auto back = pattern.substr(pattern.find('}') + 1);
    if (path.size() <= front.size() + back.size() || !path.starts_with(front) || !path.ends_with(back))
      return std::nullopt;
    const auto middle = path.substr(front.size(), path.size() - front.size() - back.size());
    if (middle.find('/') != std::string_view::npos)
      return std::nullopt;
    return middle;
  }

  std::vector<route> table_;
};

}  // namespace sluice::http
