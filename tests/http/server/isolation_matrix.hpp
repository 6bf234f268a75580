// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tests/http/server/api_fixture.hpp"

/// Who may do what: rows of a route and the status that each kind of caller gets, asked one by one.
namespace sluice::http {

inline std::string caller(const std::string& project, const std::string& roles) {
  return "X-Identity-Status: Confirmed\r\nX-Project-Id: " + project + "\r\nX-Roles: " + roles + "\r\n";
}

/// Who asks, in the order of the columns below.
inline const std::array<std::pair<std::string, std::string>, 6> callers{{
    {"owner", caller("a", "member,reader")},
    {"member of the image", caller("b", "member,reader")},
    {"stranger", caller("c", "member,reader")},
    {"reader of the owner's project", caller("a", "reader")},
    {"administrator", caller("z", "admin")},
    {"nobody", ""},
}};

struct cell_row {
  std::string method;
  std::string path;  ///< `{id}` is an image's, `{import}` an import's, `{namespace}` one of metadata definitions'
  std::string body;  ///< `{fresh}` is a name that nothing has
  std::array<int, 6> expected;
};

/// Rows of metadata definitions, of namespaces that only project a may see and of those that all may see.
[[nodiscard]] const std::vector<cell_row>& private_metadef_rows();
[[nodiscard]] const std::vector<cell_row>& public_metadef_rows();

class matrix {
 public:
  /// Asks every row as every caller, each of an image, import and namespace of its own.
  void check(const std::vector<cell_row>& rows, const std::string& visibility);
  /// An image of project a, shared with project b when it is that visible.
  std::string fresh_image(const std::string& visibility);
  api_fixture& service() { return service_; }

 private:
  std::string fresh_namespace(const std::string& visibility);
  std::string filled_in(std::string text, const std::string& visibility);

  const std::string secret_ = "the-name-that-nobody-may-learn";
  api_fixture service_;
  int count_ = 0;
};

}  // namespace sluice::http
