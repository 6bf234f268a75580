// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/clamd_stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "schemas/addresses.hpp"
#include "schemas/text.hpp"

namespace sluice::actors {
namespace {

using schemas::error_code;
using schemas::failure;
using schemas::result;

constexpr std::size_t chunk_size = 128 << 10;
constexpr std::size_t longest_answer = 1024;
constexpr std::size_t longest_shown = 200;
constexpr std::string_view stream_command{"zINSTREAM\0", 10};

schemas::unexpected<failure> failed(const char* what) {
  return schemas::refuse(error_code::verifier_failed, std::string{"The virus scanner "} + what +
                                                          ". Try again later; if it stays, tell the operator.");
}

persistence::unique_fd connected_by_path(const std::string& path) {
  sockaddr_un there{};
  there.sun_family = AF_UNIX;
  persistence::unique_fd made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!made || path.size() >= sizeof there.sun_path)
    return {};
  path.copy(there.sun_path, sizeof there.sun_path - 1);
  // A local socket that is full answers EAGAIN: clamd is then as good as away.
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
    return {};
  return made;
}

template <class Address>
persistence::unique_fd connected_to(int family, const Address& there) {
  persistence::unique_fd made{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!made ||
      (::connect(made.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0 && errno != EINPROGRESS))
    return {};
  return made;
}

/// On its way, when it is not one of this machine's own files; what comes of it the first wait tells.
persistence::unique_fd connect(const std::string& socket) {
  if (socket.starts_with('/'))
    return connected_by_path(socket);
  const auto where = schemas::parse_listen_address(socket);
  if (!where)
    return {};
  sockaddr_in there{};
  if (::inet_pton(AF_INET, where->address.c_str(), &there.sin_addr) == 1) {
    there.sin_family = AF_INET;
    there.sin_port = htons(where->port);
    return connected_to(AF_INET, there);
  }
  sockaddr_in6 wide{};
  if (::inet_pton(AF_INET6, where->address.c_str(), &wide.sin6_addr) != 1)
    return {};
  wide.sin6_family = AF_INET6;
  wide.sin6_port = htons(where->port);
  return connected_to(AF_INET6, wide);
}

/// One conversation.
class stream {
 public:
  explicit stream(const clamd_part& part) : part_{part}, socket_{connect(part.socket)} {}

  result<clamd_answer> run() {
    if (!socket_)
      return failed("could not be reached");
    auto sent = send(stream_command);
    std::vector<char> chunk(chunk_size + header_size);
    for (auto at = part_.offset, end = part_.offset + part_.length; sent && !answered_ && at < end;) {
      part_.before.pass();
      const auto wanted = std::min<std::uint64_t>(chunk_size, end - at);
      const auto got = ::pread(part_.file, chunk.data() + header_size, wanted, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return schemas::refuse(error_code::store_failed, "The image could not be read back. Tell the operator.");
      if (got == 0)
        break;  // shorter than its record says: clamd judges what there is
      put_length(chunk.data(), static_cast<std::uint32_t>(got));
      sent = send({chunk.data(), header_size + static_cast<std::size_t>(got)});
      // Nobody reads it again soon: leave the page cache to what is served.
      ::posix_fadvise(part_.file, static_cast<off_t>(at), got, POSIX_FADV_DONTNEED);
      at += static_cast<std::uint64_t>(got);
    }
    constexpr std::array<char, header_size> end_mark{};
    if (sent && !answered_)
      sent = send({end_mark.data(), end_mark.size()});
    if (!sent)
      return schemas::unexpected<failure>{sent.error()};
    return receive();
  }

 private:
  static constexpr std::size_t header_size = 4;

  static void put_length(char* into, std::uint32_t length) noexcept {
    const auto big_endian = htonl(length);
    std::memcpy(into, &big_endian, sizeof big_endian);
  }

  /// Until the socket is ready for one of `events`.
  result<short> wait(short events) {
    while (true) {
      if (part_.stopped())
        return schemas::refuse(error_code::cancelled, "The verification was cancelled.");
      pollfd watched[] = {{socket_.get(), events, 0}, {part_.wake, POLLIN, 0}};
      const auto ready = ::poll(watched, 2, static_cast<int>(part_.patience.count()));
      if (ready == 0)
        return failed("did not answer in time");
      if (ready < 0 && errno != EINTR)
        return failed("could not be waited for");
      if (ready > 0 && watched[0].revents != 0)
        return watched[0].revents;
    }
  }

  /// Ends early when clamd speaks before it has heard everything.
  result<void> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto ready = wait(POLLOUT | POLLIN);
      if (!ready)
        return schemas::unexpected<failure>{ready.error()};
      if ((*ready & POLLIN) != 0) {
        answered_ = true;
        return {};
      }
      const auto put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put >= 0)
        bytes.remove_prefix(static_cast<std::size_t>(put));
      else if (errno == EPIPE || errno == ECONNRESET)
        answered_ = true;  // perhaps it said why
      else if (errno != EAGAIN && errno != EINTR)
        return failed("could not be reached");
      if (answered_)
        return {};
    }
    return {};
  }

  result<clamd_answer> receive() {
    std::string answer;
    while (answer.size() < longest_answer && answer.find('\0') == std::string::npos) {
      const auto ready = wait(POLLIN);
      if (!ready)
        return schemas::unexpected<failure>{ready.error()};
      char bytes[256];
      const auto got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
      if (got > 0)
        answer.append(bytes, static_cast<std::size_t>(got));
      else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        break;
    }
    if (answer.empty())
      return failed("hung up without an answer");
    return read_clamd_answer(answer.substr(0, answer.find('\0')));
  }

  const clamd_part& part_;
  persistence::unique_fd socket_;
  bool answered_ = false;
};

}  // namespace

clamd_answer read_clamd_answer(std::string_view line) {
  constexpr std::string_view subject = "stream: ", found = " FOUND";
  clamd_answer answer;
  while (line.ends_with('\n'))
    line.remove_suffix(1);
  if (line.starts_with(subject))
    line.remove_prefix(subject.size());
  if (line == "OK") {
    answer.what = clamd_answer::kind::clean;
  } else if (line.ends_with(found)) {
    answer.what = clamd_answer::kind::found;
    line.remove_suffix(found.size());
  } else if (line.find("size limit exceeded") != std::string_view::npos) {
    answer.what = clamd_answer::kind::too_long;
  }
  answer.words = schemas::one_line(line.substr(0, longest_shown));
  return answer;
}

result<clamd_answer> ask_clamd(const clamd_part& part) {
  return stream{part}.run();
}

}  // namespace sluice::actors
