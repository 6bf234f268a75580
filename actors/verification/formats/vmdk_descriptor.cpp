// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vmdk_descriptor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    return text.substr(1, text.size() - 2);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + word.size()))
    ++count;
  return count;
}

std::string_view take_word(std::string_view& line) {
  line = trimmed(line);
  const auto end = std::min(line.find_first_of(blanks), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

bool starts_extent(std::string_view line) {
  const auto word = take_word(line);
  return word == "RW" || word == "RDONLY" || word == "NOACCESS";
}

result<void> external(std::string_view what) {
  return refuse(
      error_code::external_extent,
      "The VMDK " + std::string{what} +
          ", and other files are never opened. Make one self-contained file with 'qemu-img convert -O vmdk -o "
          "subformat=streamOptimized IMAGE NEW' and import that.");
}

result<void> damaged(std::string_view what) {
  return refuse(error_code::image_corrupt,
                "The VMDK's descriptor " + std::string{what} +
                    ". Write the image anew with 'qemu-img convert -O vmdk -o subformat=streamOptimized IMAGE NEW'.");
}

/// `RW 40960 SPARSE "disk.vmdk"`
result<void> judge_extent(std::string_view line, std::uint64_t capacity) {
  take_word(line);
  const auto digits = take_word(line);
  const auto type = take_word(line);
  const auto name = unquoted(trimmed(line));
  std::uint64_t sectors = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), sectors);
  if (type != "SPARSE")
    return external("has an extent that is not of type SPARSE: its data would be in another file");
  if (name.empty() || name.find_first_of("/\\\"") != name.npos)
    return external("has an extent whose name leads elsewhere");
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || sectors != capacity)
    return damaged("and header disagree about the size of the disk");
  return {};
}

result<void> judge_type(std::string_view type) {
  if (type == "monolithicSparse" || type == "streamOptimized")
    return {};
  return external("has a createType other than monolithicSparse and streamOptimized: its data is in other files");
}

result<void> judge_setting(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == line.npos)
    return damaged("has a line that is neither a setting nor an extent");
  const auto key = trimmed(line.substr(0, equals));
  const auto value = unquoted(trimmed(line.substr(equals + 1)));
  constexpr std::array<std::string_view, 4> harmless{"version", "encoding", "CID", "isNativeSnapshot"};
  if (key.starts_with("ddb.") || std::find(harmless.begin(), harmless.end(), key) != harmless.end())
    return {};
  if (key == "createType")
    return judge_type(value);
  if (key == "parentCID" && lower_case(value) == "ffffffff")
    return {};
  if (key == "parentCID")
    return refuse(error_code::differencing_disk,
                  "The VMDK only holds the differences from a parent disk, which is never opened. Merge them with "
                  "'qemu-img convert' or 'vmware-vdiskmanager -r' and import the result.");
  if (key == "changeTrackPath")
    return external("names a file that tracks its changes");
  return refuse(
      error_code::unknown_feature,
      "The VMDK's descriptor has a setting that is not known here. Write the image anew with 'qemu-img convert -O "
      "vmdk -o subformat=streamOptimized IMAGE NEW'.");
}

/// QEMU takes what follows the first "CID=" and the first "parentCID=" in the first 20 sectors, wherever they are, and
/// does not open the disk when that is no hexadecimal number.
result<void> judge_identities(std::string_view text) {
  constexpr std::size_t most_read = 20 * 512 - 1;
  constexpr std::string_view digits = "0123456789abcdefABCDEF";
  text = text.substr(0, most_read);
  for (const std::string_view word : {"CID=", "parentCID="}) {
    const auto found = text.find(word);
    if (found == text.npos || found + word.size() >= text.size() ||
        digits.find(text[found + word.size()]) == digits.npos)
      return damaged("has no content identity (CID and parentCID) that is a hexadecimal number");
  }
  return {};
}

}  // namespace

result<void> judge_vmdk_descriptor(std::string_view text, std::uint64_t capacity) {
  // Readers search the whole text, comments included, so the words are counted in all of it.
  const auto lower = lower_case(text);
  if (lower.find("parentfilenamehint") != lower.npos)
    return refuse(error_code::differencing_disk,
                  "The VMDK names a parent disk, which is never opened. Merge the two with 'qemu-img convert' or "
                  "'vmware-vdiskmanager -r' and import the result.");
  if (occurrences(lower, "createtype") != 1 || occurrences(text, "createType") != 1)
    return damaged("does not have 'createType' exactly once");
  std::size_t extents = 0;
  bool typed = false;
  for (auto rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.front() == '#')
      continue;
    typed = typed || line.starts_with("createType");
    const bool extent = starts_extent(line);
    if (extent && ++extents > 1)
      return external("has more than one extent: its data is in several files");
    auto judged = extent ? judge_extent(line, capacity) : judge_setting(line);
    if (!judged)
      return judged;
  }
  if (!typed || extents == 0)
    return damaged("has no createType or no extent");
  return judge_identities(text);
}

}  // namespace sluice::actors::verification::formats
