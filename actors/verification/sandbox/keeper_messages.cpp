// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/keeper_messages.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::actors::verification::sandbox {
namespace {

constexpr std::size_t most_files = 2;

}  // namespace

message_writer& message_writer::number(std::uint64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  bytes_.append(bytes, sizeof value);
  return *this;
}

message_writer& message_writer::text(std::string_view value) {
  number(value.size());
  bytes_.append(value);
  return *this;
}

message_writer& message_writer::texts(const std::vector<std::string>& values) {
  number(values.size());
  for (const auto& value : values)
    text(value);
  return *this;
}

std::uint64_t message_reader::number() {
  std::uint64_t value = 0;
  if (!sound_ || rest_.size() < sizeof value) {
    sound_ = false;
    return 0;
  }
  std::memcpy(&value, rest_.data(), sizeof value);
  rest_.remove_prefix(sizeof value);
  return value;
}

std::string message_reader::text() {
  const auto length = number();
  if (!sound_ || length > rest_.size()) {
    sound_ = false;
    return {};
  }
  std::string value{rest_.substr(0, length)};
  rest_.remove_prefix(length);
  return value;
}

std::vector<std::string> message_reader::texts() {
  std::vector<std::string> values;
  for (auto count = number(); sound_ && count > 0; --count)
    values.push_back(text());
  return values;
}

std::string encode_job(sandbox_ticket ticket, const sandbox_job& job) {
  message_writer into{keeper_word::run};
  into.number(ticket).text(job.built_in).texts(job.command).text(job.input).texts(job.readable);
  into.number(job.image ? 1 : 0).number(job.output ? 1 : 0);
  into.number(job.limits.memory)
      .number(static_cast<std::uint64_t>(job.limits.processor_time.count()))
      .number(static_cast<std::uint64_t>(job.limits.wall_time.count()))
      .number(job.limits.output_size)
      .number(job.limits.processes);
  return into.bytes();
}

std::optional<arrived_job> decode_job(message_reader& from, std::vector<persistence::unique_fd> files) {
  arrived_job arrived;
  auto& job = arrived.job;
  arrived.ticket = from.number();
  job.built_in = from.text();
  job.command = from.texts();
  job.input = from.text();
  job.readable = from.texts();
  const bool has_image = from.number() != 0, has_output = from.number() != 0;
  job.limits.memory = from.number();
  job.limits.processor_time = from.duration<std::chrono::milliseconds>();
  job.limits.wall_time = from.duration<std::chrono::milliseconds>();
  job.limits.output_size = from.number();
  job.limits.processes = static_cast<unsigned>(from.number());
  if (!from.complete() || files.size() != std::size_t{has_image} + std::size_t{has_output})
    return std::nullopt;
  if (has_output) {
    job.output = std::move(files.back());
    files.pop_back();
  }
  if (has_image)
    job.image = std::move(files.back());
  return arrived;
}

std::string encode_outcome(sandbox_ticket ticket, const sandbox_outcome& outcome) {
  message_writer into{keeper_word::ended};
  into.number(ticket)
      .number(static_cast<std::uint64_t>(outcome.end))
      .number(static_cast<std::uint64_t>(outcome.status))
      .text(outcome.report)
      .number(outcome.report_cut ? 1 : 0)
      .text(outcome.complaint)
      .number(static_cast<std::uint64_t>(outcome.wall_time.count()))
      .number(static_cast<std::uint64_t>(outcome.processor_time.count()))
      .number(outcome.peak_memory);
  return into.bytes();
}

std::optional<sandbox_outcome> decode_outcome(message_reader& from) {
  sandbox_outcome outcome;
  const auto end = from.number();
  outcome.end = static_cast<sandbox_end>(end);
  outcome.status = static_cast<int>(from.number());
  outcome.report = from.text();
  outcome.report_cut = from.number() != 0;
  outcome.complaint = from.text();
  outcome.wall_time = from.duration<std::chrono::nanoseconds>();
  outcome.processor_time = from.duration<std::chrono::nanoseconds>();
  outcome.peak_memory = from.number();
  if (!from.complete() || end > static_cast<std::uint64_t>(sandbox_end::not_started))
    return std::nullopt;
  return outcome;
}

transfer send_datagram(int socket, std::string_view bytes, std::span<const int> files, int flags) {
  // The kernel reads the bytes only.
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_files)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!files.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(files.size_bytes());
    auto* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(files.size_bytes());
    std::memcpy(CMSG_DATA(header), files.data(), files.size_bytes());
  }
  while (::sendmsg(socket, &message, flags | MSG_NOSIGNAL) < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
      return transfer::later;
    if (errno != EINTR)
      return transfer::over;
  }
  return transfer::done;
}

transfer receive_datagram(int socket, datagram& into) {
  into.bytes.resize(most_datagram);
  into.files.clear();
  iovec part{into.bytes.data(), into.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_files)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = -1;
  while ((got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
    continue;
  if (got < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK ? transfer::later : transfer::over;
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
      continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
      into.files.emplace_back(descriptor);
    }
  }
  into.bytes.resize(static_cast<std::size_t>(got));
  return got == 0 ? transfer::over : transfer::done;
}

}  // namespace sluice::actors::verification::sandbox
