// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/ovf_manifest.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "actors/verification/packaging/member_name.hpp"

namespace sluice::actors::verification::packaging {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::size_t longest_manifest = 1 << 20;
constexpr std::size_t most_entries = 1000;

struct known_digest {
  std::string_view prefix;
  manifest_digest algorithm;
  std::size_t digits;
};
constexpr std::array known_digests{
    known_digest{"SHA1(", manifest_digest::sha1, 40},
    known_digest{"SHA256(", manifest_digest::sha256, 64},
    known_digest{"SHA512(", manifest_digest::sha512, 128},
};

schemas::unexpected<schemas::failure> unusable_manifest(std::string_view what) {
  return refuse(error_code::unpacking_failed, "The package's manifest cannot be used: " + std::string{what} +
                                                  ". Expected are lines like 'SHA256(disk.vmdk)= 9f86…'; export the "
                                                  "machine afresh and try again.");
}

std::optional<manifest_entry> read_line(std::string_view line) {
  const auto* const kind =
      std::ranges::find_if(known_digests, [&](const auto& each) { return line.starts_with(each.prefix); });
  if (kind == known_digests.end())
    return std::nullopt;
  line.remove_prefix(kind->prefix.size());
  const auto close = line.rfind(")=");
  if (close == line.npos)
    return std::nullopt;
  manifest_entry entry{kind->algorithm, std::string{line.substr(0, close)}, {}};
  auto digits = line.substr(close + 2);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  for (const char digit : digits) {
    const char lower = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit;
    if ((lower < '0' || lower > '9') && (lower < 'a' || lower > 'f'))
      return std::nullopt;
    entry.value += lower;
  }
  if (entry.value.size() != kind->digits || !is_plain_name(entry.name))
    return std::nullopt;
  return entry;
}

}  // namespace

result<std::vector<manifest_entry>> read_ovf_manifest(std::string_view text) {
  if (text.size() > longest_manifest)
    return unusable_manifest("it is longer than 1 MiB");
  std::vector<manifest_entry> entries;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    if (line.empty())
      continue;
    auto entry = read_line(line);
    if (!entry)
      return unusable_manifest("a line is neither of a known algorithm nor of a plain file");
    if (entries.size() >= most_entries)
      return unusable_manifest("it has more than " + std::to_string(most_entries) + " lines");
    if (std::ranges::find(entries, entry->name, &manifest_entry::name) != entries.end())
      return unusable_manifest("it names a file twice");
    entries.push_back(std::move(*entry));
  }
  if (entries.empty())
    return unusable_manifest("it is empty");
  return entries;
}

}  // namespace sluice::actors::verification::packaging
