// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::http {

/// One answer as it came over the wire; field names in lower case.
struct reply {
  int status = 0;
  std::map<std::string, std::string> fields;
  std::string body;
  std::string head;

  [[nodiscard]] std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string{} : found->second;
  }
};

/// A client that sends exactly the bytes it is told to, however wrong, and reads answers with a deadline.
class raw_client {
 public:
  /// `endpoint` is http://127.0.0.1:PORT.
  explicit raw_client(const std::string& endpoint, int receive_buffer = 0) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
    if (receive_buffer != 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    address.sin_port = ::htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"cannot connect to " + endpoint};
  }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  ~raw_client() { ::close(fd_); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return;  // the server has closed; the reading side shows it
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// GET (or another method) with `fields`, each ended by CRLF.
  reply ask(const std::string& method, const std::string& target, const std::string& fields = {},
            const std::string& body = {}) {
    auto text = method + " " + target + " HTTP/1.1\r\nHost: images.example\r\n" + fields;
    if (!body.empty())
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + body);
    return read_reply(method == "HEAD");
  }

  reply read_reply(bool without_body = false) {
    reply given;
    given.head = read_until("\r\n\r\n");
    if (given.head.size() < 12)
      throw std::runtime_error{"no answer"};
    given.status = std::stoi(given.head.substr(9, 3));
    for (auto begin = given.head.find("\r\n") + 2; begin + 2 < given.head.size();) {
      const auto end = given.head.find("\r\n", begin);
      const auto colon = given.head.find(": ", begin);
      auto name = given.head.substr(begin, colon - begin);
      std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
      given.fields[name] = given.head.substr(colon + 2, end - colon - 2);
      begin = end + 2;
    }
    if (without_body || given.status == 204 || given.status == 100)
      return given;
    if (given.field("transfer-encoding") == "chunked") {
      while (const auto chunk = read_chunk())
        given.body += *chunk;
    } else {
      given.body = read_exactly(std::stoul(given.field("content-length")));
    }
    return given;
  }
  /// Empty at the last chunk.
  std::optional<std::string> read_chunk() {
    const auto size = std::stoul(read_until("\r\n"), nullptr, 16);
    auto chunk = read_exactly(size + 2);
    chunk.resize(size);
    return size == 0 ? std::nullopt : std::optional{chunk};
  }
  std::string read_head() { return read_until("\r\n\r\n"); }
  /// Everything until the server closes.
  std::string read_rest() {
    while (receive()) {
    }
    return take(buffer_.size());
  }
  /// True when the server closes without sending anything more.
  bool closed() { return buffer_.empty() && !receive(); }

 private:
  bool receive() {
    char bytes[65536];
    const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      throw std::runtime_error{"the server neither answered nor closed"};
    if (got <= 0)
      return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t size) {
    auto taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }
  std::string read_until(std::string_view mark) {
    for (;;) {
      if (const auto found = buffer_.find(mark); found != std::string::npos)
        return take(found + mark.size());
      if (!receive())
        return take(buffer_.size());
    }
  }
  std::string read_exactly(std::size_t size) {
    while (buffer_.size() < size)
      if (!receive())
        break;
    return take(std::min(size, buffer_.size()));
  }

  int fd_;
  std::string buffer_;
};

}  // namespace sluice::http
