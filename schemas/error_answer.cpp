// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "schemas/json.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/text.hpp"

namespace sluice::schemas {
namespace {

/// RFC 9110 section 15, as WebOb words them.
std::string_view reason_phrase(int status) {
  constexpr std::array phrases{
      std::pair{400, "Bad Request"},
      std::pair{401, "Unauthorized"},
      std::pair{403, "Forbidden"},
      std::pair{404, "Not Found"},
      std::pair{405, "Method Not Allowed"},
      std::pair{408, "Request Timeout"},
      std::pair{409, "Conflict"},
      std::pair{411, "Length Required"},
      std::pair{413, "Request Entity Too Large"},
      std::pair{414, "Request URI Too Long"},
      std::pair{415, "Unsupported Media Type"},
      std::pair{416, "Requested Range Not Satisfiable"},
      std::pair{417, "Expectation Failed"},
      std::pair{429, "Too Many Requests"},
      std::pair{431, "Request Header Fields Too Large"},
      std::pair{501, "Not Implemented"},
      std::pair{503, "Service Unavailable"},
      std::pair{505, "HTTP Version Not Supported"},
  };
  const auto* const found = std::ranges::find(phrases, status, [](const auto& row) { return row.first; });
  return found == phrases.end() ? (status < 500 ? "Bad Request" : "Internal Server Error") : found->second;
}

std::string escaped_for_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string problem_json(const failure& why) {
  const auto& described = describe(why.code);
  json_writer problem{
      {"type", "urn:problem-type:sluice:" + std::string{described.name}},
      {"title", described.title},
      // A code that only ends imports never answers a request by itself; if it does, the fault is ours.
      {"status", described.http_status == 0 ? 500 : described.http_status},
      {"detail", one_line(why.message.empty() ? described.title : why.message)},
      {"code", described.name},
  };
  if (!why.field.empty())
    problem["field"] = one_line(why.field);
  return written(problem);
}

std::string glance_error(const failure& why, int http_status, glance_error_form form) {
  const auto title = std::string{reason_phrase(http_status)};
  const auto status = std::to_string(http_status) + ' ' + title;
  const auto message = one_line(why.message.empty() ? describe(why.code).title : why.message);
  switch (form) {
    case glance_error_form::json:
      return written({{"message", message + "<br /><br />\n\n\n"}, {"code", status}, {"title", title}});
    case glance_error_form::plain: return status + "\n\n" + message + "\n\n   ";
    case glance_error_form::html: break;
  }
  return "<html>\n <head>\n  <title>" + status + "</title>\n </head>\n <body>\n  <h1>" + status + "</h1>\n  " +
         escaped_for_html(message) + "<br /><br />\n\n\n </body>\n</html>";
}

}  // namespace sluice::schemas
