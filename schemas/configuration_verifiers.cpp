// SPDX-License-Identifier: Apache-2.0
#include "schemas/configuration_verifiers.hpp"

#include <algorithm>
#include <system_error>

#include "schemas/addresses.hpp"
#include "schemas/configuration_checks.hpp"
#include "schemas/conversion_policy.hpp"

namespace sluice::schemas {

using namespace configuration_readers;

outcome read_verify_command(const toml::node& from, verify_command& to) {
  const auto* const entry = from.as_table();
  if (entry == nullptr)
    return complain(from, "expected a table with name and program");
  if (auto wrong = unknown_entry_key(*entry, verify_command_keys))
    return wrong;
  for (const auto* const key : {"name", "program"})
    if (!entry->contains(key))
      return complain(from, std::string{"expected a table with name and program; there is no "} + key);
  const auto read_texts = [](const toml::node& node, std::vector<std::string>& texts) {
    return read_list(node, texts, "strings", read_text);
  };
  outcome wrong = read_member(*entry, "name", read_text, to.name);
  const auto read = [&](std::string_view key, auto reader, auto& target) {
    if (!wrong)
      wrong = read_member(*entry, key, reader, target);
  };
  read("program", read_path, to.program);
  read("arguments", read_texts, to.arguments);
  read("time", read_time<std::milli>, to.time);
  read("memory", read_size, to.memory);
  read("formats", read_texts, to.formats);
  read("readable", read_texts, to.readable);
  read("on_failure", read_acceptance, to.accept_on_failure);
  return wrong;
}

namespace configuration_checks {
namespace {

constexpr std::string_view commands_key = "verify.command";
constexpr std::size_t most_commands = 12;
constexpr std::size_t longest_name = 32;
/// What a program is given must fit into one message of the sandbox.
constexpr std::size_t longest_arguments = 8 << 10;

bool is_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, fits);
}

/// `words` about entry `index` ("program: expected …").
tl::unexpected<failure> refuse_entry(std::size_t index, const std::string& member, const std::string& words) {
  auto refused = refuse_key(commands_key, words, '/' + std::to_string(index) + '/' + member);
  refused.value().message = std::string{commands_key} + '.' + std::to_string(index) + '.' + member + ": " + words;
  return refused;
}

result<void> check_program(std::size_t index, const std::filesystem::path& program) {
  std::error_code failed;
  if (!program.is_absolute())
    return refuse_entry(index, "program", "expected an absolute path, got " + in_quotes(program.native()));
  if (!std::filesystem::is_regular_file(program, failed))
    return refuse_entry(index, "program", "expected a program, but no file is at " + in_quotes(program.native()));
  if (!can_be_executed(program))
    return refuse_entry(index, "program",
                        "expected a program that may be executed, got " + in_quotes(program.native()) +
                            "; make it executable for the user of the service");
  return {};
}

result<void> check_command(const std::vector<verify_command>& commands, std::size_t index,
                           std::span<const char* const> known_formats) {
  const auto& command = commands[index];
  if (!is_name(command.name) || command.name == "structure" || command.name == "clamav")
    return refuse_entry(index, "name",
                        "expected up to 32 lower-case letters, digits and hyphens, and neither \"structure\" nor "
                        "\"clamav\", got " +
                            in_quotes(command.name));
  if (std::ranges::count(commands, command.name, &verify_command::name) > 1)
    return refuse_entry(index, "name", "expected a name that no other has, got " + in_quotes(command.name));
  if (auto checked = check_program(index, command.program); !checked)
    return checked;
  std::size_t length = command.program.native().size();
  for (const auto& argument : command.arguments)
    length += argument.size() + 1;
  for (const auto& path : command.readable) {
    length += path.size() + 1;
    if (!path.starts_with('/'))
      return refuse_entry(index, "readable", "expected absolute paths, got " + in_quotes(path));
  }
  if (length > longest_arguments)
    return refuse_entry(
        index, "arguments",
        "expected arguments and paths of at most 8 KiB together, got " + std::to_string(length) + " bytes");
  for (const auto& format : command.formats)
    if (std::ranges::find(known_formats, std::string_view{format}) == known_formats.end())
      return refuse_entry(index, "formats", "expected disk formats as in verify.formats, got " + in_quotes(format));
  if (command.time <= std::chrono::milliseconds{})
    return refuse_entry(index, "time", "expected more than zero, got 0");
  if (command.memory == 0)
    return refuse_entry(index, "memory", "expected more than zero, got 0");
  return {};
}

result<void> check_clamav(const clamav_configuration& clamav) {
  const auto& socket = clamav.socket;
  if (!socket.empty() && !socket.starts_with('/')) {
    const auto address = parse_listen_address(socket);
    if (!address || !address->is_loopback || address->port == 0)
      return refuse_key("verify.clamav.socket",
                        "expected the path of clamd's socket, or a loopback address and port such as "
                        "\"127.0.0.1:3310\", got " +
                            in_quotes(socket));
  }
  // sockaddr_un of Linux holds 108 bytes with the NUL (unix(7)).
  if (socket.size() > 107)
    return refuse_key("verify.clamav.socket", "expected a path of at most 107 bytes, got a longer one");
  constexpr std::uint64_t least_stream = std::uint64_t{1} << 20;
  if (clamav.max_stream < least_stream)
    return refuse_key("verify.clamav.max_stream",
                      "expected at least 1 MiB, got " + std::to_string(clamav.max_stream) + " bytes");
  return check_positive("verify.clamav.time", clamav.time);
}

}  // namespace

result<void> check_verifiers(const verify_configuration& verify, std::span<const char* const> formats) {
  if (verify.commands.size() > most_commands)
    return refuse_key(commands_key, "expected at most 12 programs, got " + std::to_string(verify.commands.size()));
  for (std::size_t index = 0; index < verify.commands.size(); ++index)
    if (auto checked = check_command(verify.commands, index, formats); !checked)
      return checked;
  return check_clamav(verify.clamav);
}

}  // namespace configuration_checks
}  // namespace sluice::schemas
