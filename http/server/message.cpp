// SPDX-License-Identifier: Apache-2.0
#include "http/server/message.hpp"

#include <ctime>

#include <array>
#include <charconv>
#include <cstddef>

#include <boost/beast/http/status.hpp>

namespace sluice::http {
namespace {

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

/// IMF-fixdate (RFC 9110 section 5.6.7), made once a second and thread.
std::string_view http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const auto now = std::time(nullptr);
  if (now != made_at) {
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 40> rest;
    text = days.at(static_cast<std::size_t>(parts.tm_wday));
    text.append(rest.data(), std::strftime(rest.data(), rest.size(), ", %d ", &parts));
    text += months.at(static_cast<std::size_t>(parts.tm_mon));
    text.append(rest.data(), std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S GMT", &parts));
    made_at = now;
  }
  return text;
}

/// A field value can never begin a line of its own.
void append_value(std::string& out, std::string_view value) {
  for (const char c : value)
    if (c == '\t' || (static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7f))
      out.push_back(c);
}

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
  return boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
}

void append_head(std::string& out, const response& answer, std::string_view request_id, std::int64_t length,
                 bool keep_alive, bool version_1_1) {
  out.append("HTTP/1.1 ");
  append_number(out, answer.status);
  out.push_back(' ');
  out.append(reason_phrase(answer.status));
  out.append("\r\nServer: sluice\r\nDate: ");
  out.append(http_date());
  out.append("\r\nX-Openstack-Request-Id: ");
  append_value(out, request_id);
  out.append("\r\nX-Content-Type-Options: nosniff\r\n");
  if (!answer.content_type.empty()) {
    out.append("Content-Type: ");
    append_value(out, answer.content_type);
    out.append("\r\n");
  }
  if (length >= 0) {
    if (answer.status != 204 && answer.status != 304) {  // RFC 9110 section 8.6
      out.append("Content-Length: ");
      append_number(out, static_cast<std::uint64_t>(length));
      out.append("\r\n");
    }
  } else if (version_1_1) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (!keep_alive)
    out.append("Connection: close\r\n");
  else if (!version_1_1)
    out.append("Connection: keep-alive\r\n");
  for (const auto& [name, value] : answer.fields) {
    out.append(name);
    out.append(": ");
    append_value(out, value);
    out.append("\r\n");
  }
  out.append("\r\n");
}

response protocol_problem(unsigned status, std::string_view detail) {
  std::string code{reason_phrase(status)};
  for (char& c : code)
    c = c == ' ' ? '-' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  std::string body = R"({"type":"about:blank","title":")";
  body.append(reason_phrase(status)).append(R"(","status":)");
  append_number(body, status);
  body.append(R"(,"detail":")").append(detail).append(R"(","code":")").append(code).append("\"}");
  return response{status, "application/problem+json", std::move(body)};
}

}  // namespace sluice::http
