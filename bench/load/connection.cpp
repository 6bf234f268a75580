// SPDX-License-Identifier: Apache-2.0
#include "bench/load/connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace sluice::bench {
namespace {

constexpr std::size_t largest_read = 1 << 20;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

}  // namespace

server_address resolve(const load_options& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(options.host.c_str(), options.port.c_str(), &hints, &found); error != 0) {
    std::fprintf(stderr, "open_loop: %s:%s: %s\n", options.host.c_str(), options.port.c_str(), gai_strerror(error));
    std::exit(2);
  }
  server_address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  address.family = found->ai_family;
  freeaddrinfo(found);
  return address;
}

void connection::close() noexcept {
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = -1;
  state_ = state::closed;
}

connection::outcome connection::fail(std::string why) {
  error_ = std::move(why);
  close();
  return outcome::failed;
}

connection::outcome connection::fail_errno(std::string_view where) {
  return fail(std::string{where} + ": " + std::strerror(errno));
}

std::uint64_t connection::take_received() noexcept {
  return std::exchange(received_, 0);
}

/// False with errno set when not even a descriptor could be had or the connection was refused at once.
bool connection::open() {
  descriptor_ = ::socket(server_.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0)
    return false;
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&server_.storage), server_.size) != 0 &&
      errno != EINPROGRESS)
    return false;
  state_ = state::connecting;
  return true;
}

bool connection::begin(std::string request) {
  request_ = std::move(request);
  sent_ = head_size_ = 0;
  status_ = 0;
  error_.clear();
  if (state_ == state::ready) {
    reused_ = true;
    state_ = state::sending;
    return false;
  }
  close();
  reused_ = false;
  if (!open()) {
    fail_errno("connect");
    return false;
  }
  return true;
}

connection::outcome connection::advance(std::uint64_t budget) {
  if (state_ == state::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
      return fail("connect: " + std::string{std::strerror(error)});
    if (getpeername(descriptor_, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0)
      return outcome::waiting;
    state_ = state::sending;
  }
  if (state_ == state::sending)
    if (const auto sent = send_rest(); sent == outcome::failed || state_ == state::sending)
      return sent;
  if (state_ == state::head)
    if (const auto read = read_head(); read != outcome::waiting || state_ == state::head)
      return read;
  if (state_ == state::body)
    return read_body(budget);
  if (state_ == state::ready) {  // nothing is asked for: the server closes, or speaks out of turn
    close();
    return outcome::waiting;
  }
  return error_.empty() ? outcome::waiting : outcome::failed;
}

connection::outcome connection::send_rest() {
  while (sent_ < request_.size()) {
    const auto count = ::send(descriptor_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0)
      return errno == EAGAIN ? outcome::waiting : fail_errno("send");
    sent_ += static_cast<std::size_t>(count);
  }
  state_ = state::head;
  return outcome::waiting;
}

connection::outcome connection::read_head() {
  const auto count = ::recv(descriptor_, head_.data() + head_size_, head_.size() - head_size_, 0);
  if (count < 0)
    return errno == EAGAIN ? outcome::waiting : fail_errno("receive");
  if (count == 0)
    return fail(head_size_ == 0 ? "closed before the answer" : "closed within the head of the answer");
  head_size_ += static_cast<std::size_t>(count);
  const std::string_view seen{head_.data(), head_size_};
  const auto end = seen.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return head_size_ == head_.size() ? fail("the head of the answer is larger than 16 KiB") : outcome::waiting;
  if (!parse_head(seen.substr(0, end)))
    return outcome::failed;
  const auto early = head_size_ - end - 4;
  if (early > body_left_)
    return fail("more bytes than Content-Length says");
  body_left_ -= early;
  received_ += early;
  state_ = state::body;
  return body_left_ == 0 ? finish() : outcome::waiting;
}

/// RFC 9112, as far as a client needs it that asks one thing at a time and knows its server.
bool connection::parse_head(std::string_view head) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto status = line.size() >= 12 ? whole_number<int>(line.substr(9, 3)) : std::nullopt;
  if (!line.starts_with("HTTP/1.") || !status || *status < 200) {
    fail("not the head of an HTTP answer");
    return false;
  }
  close_after_ = line.starts_with("HTTP/1.0");
  std::optional<std::uint64_t> length;
  for (auto rest = head.substr(line.size()); rest.starts_with("\r\n");) {
    rest.remove_prefix(2);
    const auto field = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(field.size());
    const auto colon = field.find(':');
    if (colon == std::string_view::npos)
      continue;
    const auto name = field.substr(0, colon), value = trimmed(field.substr(colon + 1));
    if (same_word(name, "Content-Length"))
      length = whole_number<std::uint64_t>(value);
    else if (same_word(name, "Connection") && same_word(value, "close"))
      close_after_ = true;
  }
  if (*status == 204 || *status == 304)
    length = 0;
  if (!length) {
    fail("an answer without a Content-Length");
    return false;
  }
  status_ = *status;
  body_left_ = *length;
  return true;
}

connection::outcome connection::read_body(std::uint64_t budget) {
  static std::array<char, largest_read> scratch;
  for (unsigned turn = 0; turn < 4 && budget != 0; ++turn) {  // then the others: the descriptor stays readable
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>({largest_read, body_left_, budget}));
    const auto count = ::recv(descriptor_, scratch.data(), most, copy_ ? 0 : MSG_TRUNC);
    if (count < 0)
      return errno == EAGAIN ? outcome::waiting : fail_errno("receive");
    if (count == 0)
      return fail("closed within the body of the answer");
    const auto bytes = static_cast<std::uint64_t>(count);
    received_ += bytes;
    body_left_ -= bytes;
    budget -= bytes;
    if (body_left_ == 0)
      return finish();
  }
  return outcome::waiting;
}

connection::outcome connection::finish() {
  if (close_after_)
    close();
  else
    state_ = state::ready;
  return outcome::finished;
}

}  // namespace sluice::bench
