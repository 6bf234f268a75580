// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "persistence/unique_fd.hpp"

namespace sluice::tests {

/// Speaks clamd's stream protocol over a local socket, one connection after the other, and answers as the test says.
class fake_clamd {
 public:
  enum class habit : std::uint8_t { answers, hangs_up_at_once, answers_early, says_nothing };

  /// `answer` is given the bytes of one stream and says what is answered, without the zero at its end.
  fake_clamd(std::string path, std::function<std::string(const std::string&)> answer, habit how = habit::answers)
      : path_{std::move(path)},
        answer_{std::move(answer)},
        how_{how},
        listening_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un here{};
    here.sun_family = AF_UNIX;
    path_.copy(here.sun_path, sizeof here.sun_path - 1);
    ::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here);
    ::listen(listening_.get(), 8);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~fake_clamd() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    {
      const std::lock_guard guard{mutex_};
      ::shutdown(current_, SHUT_RDWR);
    }
    thread_.join();
  }
  fake_clamd(const fake_clamd&) = delete;
  fake_clamd& operator=(const fake_clamd&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::vector<std::string> streams() {
    const std::lock_guard guard{mutex_};
    return streams_;
  }

 private:
  static bool read_exactly(int from, void* into, std::size_t size) {
    auto* at = static_cast<char*>(into);
    while (size > 0) {
      const auto got = ::recv(from, at, size, 0);
      if (got <= 0)
        return false;
      at += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }
  void say(int to, const std::string& words) {
    static_cast<void>(::send(to, words.c_str(), words.size() + 1, MSG_NOSIGNAL));
  }
  void serve() {
    while (true) {
      const persistence::unique_fd peer{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!peer)
        return;
      {
        const std::lock_guard guard{mutex_};
        current_ = peer.get();
      }
      converse(peer.get());
      const std::lock_guard guard{mutex_};
      current_ = -1;
    }
  }
  void converse(int peer) {
    char command[10] = {};
    if (how_ == habit::hangs_up_at_once || !read_exactly(peer, command, sizeof command) ||
        std::memcmp(command, "zINSTREAM", sizeof command) != 0)
      return;
    if (how_ == habit::answers_early)
      return say(peer, "INSTREAM size limit exceeded. ERROR");
    std::string bytes;
    while (true) {
      std::uint32_t length = 0;
      if (!read_exactly(peer, &length, sizeof length))
        return;
      if (length == 0)
        break;
      const auto begin = bytes.size();
      bytes.resize(begin + ntohl(length));
      if (!read_exactly(peer, bytes.data() + begin, ntohl(length)))
        return;
    }
    {
      const std::lock_guard guard{mutex_};
      streams_.push_back(bytes);
    }
    char never = 0;
    if (how_ == habit::says_nothing)
      static_cast<void>(read_exactly(peer, &never, 1));
    else
      say(peer, answer_(bytes));
  }

  const std::string path_;
  const std::function<std::string(const std::string&)> answer_;
  const habit how_;
  const persistence::unique_fd listening_;
  std::mutex mutex_;
  std::vector<std::string> streams_;
  int current_ = -1;
  std::thread thread_;
};

}  // namespace sluice::tests
