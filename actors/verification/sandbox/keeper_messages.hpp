// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "persistence/unique_fd.hpp"

/// What the service and its keeper say to each other: one datagram of a SOCK_SEQPACKET pair each, descriptors beside
/// it. Both ends are the same program, so there is no version; a message that cannot be read ends the conversation.
namespace sluice::actors::verification::sandbox {

enum class keeper_word : std::uint8_t { ready, run, cancel, ended };

/// Longest datagram: a report, a complaint and their frame.
inline constexpr std::size_t most_datagram = most_report + most_complaint + 1024;

/// Writes numbers and texts one after the other; the reader takes them in the same order.
class message_writer {
 public:
  explicit message_writer(keeper_word word) { number(static_cast<std::uint64_t>(word)); }
  message_writer& number(std::uint64_t value);
  message_writer& text(std::string_view value);
  message_writer& texts(const std::vector<std::string>& values);
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

class message_reader {
 public:
  explicit message_reader(std::string_view bytes) : rest_{bytes} {}
  /// 0 and empty once something was missing.
  std::uint64_t number();
  std::string text();
  std::vector<std::string> texts();
  template <class Duration>
  Duration duration() {
    return Duration{static_cast<typename Duration::rep>(number())};
  }
  /// Everything was there and nothing is left over.
  [[nodiscard]] bool complete() const noexcept { return sound_ && rest_.empty(); }
  [[nodiscard]] bool sound() const noexcept { return sound_; }

 private:
  std::string_view rest_;
  bool sound_ = true;
};

/// What a job is on its way: descriptors travel beside, image first, then output.
[[nodiscard]] std::string encode_job(sandbox_ticket ticket, const sandbox_job& job);
struct arrived_job {
  sandbox_ticket ticket = 0;
  sandbox_job job;
};
/// Nothing when the bytes are no job, or the descriptors are not those that it says it has.
[[nodiscard]] std::optional<arrived_job> decode_job(message_reader& from, std::vector<persistence::unique_fd> files);

[[nodiscard]] std::string encode_outcome(sandbox_ticket ticket, const sandbox_outcome& outcome);
[[nodiscard]] std::optional<sandbox_outcome> decode_outcome(message_reader& from);  ///< after the ticket

enum class transfer : std::uint8_t { done, later, over };
/// `later` when the socket is full (with MSG_DONTWAIT in `flags`); `over` when the other end is gone.
[[nodiscard]] transfer send_datagram(int socket, std::string_view bytes, std::span<const int> files, int flags);

struct datagram {
  std::string bytes;
  std::vector<persistence::unique_fd> files;
};
/// Does not wait.
[[nodiscard]] transfer receive_datagram(int socket, datagram& into);

}  // namespace sluice::actors::verification::sandbox
