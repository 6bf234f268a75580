// SPDX-License-Identifier: Apache-2.0
#include "schemas/checksum_list.hpp"

#include <algorithm>
#include <utility>

namespace sluice::schemas {
namespace {

constexpr std::size_t sha256_digits = 64;
constexpr std::size_t sha512_digits = 128;
constexpr std::size_t least_digits = 32;  // md5: anything shorter is no digest of a file

/// One line that names a file. `algorithm` is empty for a digest that does not count.
struct entry {
  std::string name;
  std::string algorithm;
  std::string value;
};

std::string without_dot(std::string_view name) {
  return std::string{name.starts_with("./") ? name.substr(2) : name};
}

/// coreutils writes a name with a backslash, a line feed or a carriage return in it with these as \\, \n and \r.
std::string unescaped(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escapes = name[i] == '\\' && i + 1 < name.size();
    const char next = escapes ? name[i + 1] : '\0';
    if (next == '\\' || next == 'n' || next == 'r') {
      plain += next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
      ++i;
    } else {
      plain += name[i];
    }
  }
  return plain;
}

/// `hex  name` or `hex *name`.
std::optional<entry> read_gnu(std::string_view line) {
  const bool escaped = line.starts_with('\\');
  if (escaped)
    line.remove_prefix(1);
  const auto space = line.find(' ');
  if (space == std::string_view::npos || space < least_digits || line.size() < space + 3 ||
      (line[space + 1] != ' ' && line[space + 1] != '*'))
    return std::nullopt;
  auto value = hexadecimal(line.substr(0, space));
  if (!value)
    return std::nullopt;
  const auto name = line.substr(space + 2);
  const std::string algorithm = space == sha256_digits ? "sha256" : space == sha512_digits ? "sha512" : "";
  return entry{without_dot(escaped ? unescaped(name) : std::string{name}), algorithm, std::move(*value)};
}

/// `SHA256 (name) = hex`.
std::optional<entry> read_bsd(std::string_view line) {
  const bool escaped = line.starts_with('\\');
  if (escaped)
    line.remove_prefix(1);
  constexpr std::string_view middle = ") = ";
  const auto open = line.find(" (");
  const auto close = line.rfind(middle);
  if (open == std::string_view::npos || open == 0 || close == std::string_view::npos || close < open + 2)
    return std::nullopt;
  const auto tag = line.substr(0, open);
  auto value = hexadecimal(line.substr(close + middle.size()));
  if (!value || value->size() < least_digits)
    return std::nullopt;
  const bool fits =
      (tag == "SHA256" && value->size() == sha256_digits) || (tag == "SHA512" && value->size() == sha512_digits);
  const auto name = line.substr(open + 2, close - open - 2);
  return entry{without_dot(escaped ? unescaped(name) : std::string{name}),
               !fits             ? ""
               : tag == "SHA256" ? "sha256"
                                 : "sha512",
               std::move(*value)};
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F')
    return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

result<std::vector<expected_checksum>> checksums_for(std::string_view name, std::string_view text) {
  const auto wanted = without_dot(name);
  std::vector<expected_checksum> found;
  std::size_t files = 0;
  bool weaker = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    auto read = read_gnu(line);
    if (!read)
      read = read_bsd(line);
    if (!read)
      continue;
    ++files;
    if (read->name != wanted)
      continue;
    if (read->algorithm.empty()) {
      weaker = true;
      continue;
    }
    const auto same = std::ranges::find(found, read->algorithm, &expected_checksum::algorithm);
    if (same == found.end())
      found.push_back({std::move(read->algorithm), std::move(read->value)});
    else if (same->value != read->value)
      return refuse(error_code::checksum_mismatch,
                    "Expected one " + same->algorithm + " of \"" + wanted +
                        "\" in the file of checksums, got two that differ. Tell its publisher, or give the right one "
                        "in expect.checksums.");
  }
  if (!found.empty())
    return found;
  if (weaker)
    return refuse(
        error_code::checksum_mismatch,
        "Expected a sha256 or sha512 of \"" + wanted +
            "\" in the file of checksums, got only other kinds. Give the URL of its SHA256SUMS or SHA512SUMS.");
  return refuse(error_code::checksum_mismatch,
                "Expected a line for \"" + wanted + "\" in the file of checksums, got " +
                    (files == 0 ? std::string{"no line that is a checksum"}
                                : std::to_string(files) + (files == 1 ? " for another name" : " for other names")) +
                    ". Check expect.checksums_url, or give the name that it has there in expect.checksums_name.");
}

std::string file_name_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const auto slash = url.rfind('/');
  if (slash == std::string_view::npos)
    return {};
  const auto segment = url.substr(slash + 1);
  std::string name;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const auto high = segment[i] == '%' && i + 2 < segment.size() ? digit(segment[i + 1]) : std::nullopt;
    const auto low = high ? digit(segment[i + 2]) : std::nullopt;
    name += low ? static_cast<char>(*high * 16 + *low) : segment[i];
    i += low ? 2 : 0;
  }
  return name;
}

std::optional<std::string> hexadecimal(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (const char c : text) {
    if (!digit(c))
      return std::nullopt;
    lower += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return lower;
}

}  // namespace sluice::schemas
