// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/tar_reader.hpp"

#include <algorithm>
#include <charconv>

#include "actors/verification/packaging/member_name.hpp"

namespace sluice::actors::verification::packaging {
namespace {

using formats::bytes_view;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::size_t block_size = 512;
constexpr std::uint64_t most_size = std::uint64_t{1} << 62;
constexpr std::uint64_t most_extension = 64 << 10;
constexpr std::size_t most_members = 1000;

schemas::unexpected<schemas::failure> broken(std::string_view what) {
  return refuse(error_code::unpacking_failed,
                "The archive cannot be unpacked: " + std::string{what} +
                    ". Pack it afresh with 'tar --format=ustar -cf NEW FILE...', plain files only.");
}

/// Octal digits, blank or zero ended; or GNU's form: the first bit set, then a big-endian number.
std::optional<std::uint64_t> read_number(bytes_view field) {
  if (formats::read_byte(field, 0) == 0x80) {
    std::uint64_t value = 0;
    for (std::size_t i = 1; i < field.size(); ++i) {
      if (value > (most_size >> 8))
        return std::nullopt;
      value = (value << 8) | formats::read_byte(field, i);
    }
    return value < most_size ? std::optional{value} : std::nullopt;
  }
  auto text = formats::as_text(field);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find_first_of(std::string_view{" \0", 2}));
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size() || value >= most_size)
    return std::nullopt;
  return value;
}

/// The sum of all bytes, those of the checksum itself counted as blanks.
bool checksum_agrees(bytes_view header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block_size; ++i)
    sum += i >= 148 && i < 156 ? std::uint64_t{' '} : formats::read_byte(header, i);
  return read_number(formats::slice(header, 148, 8)) == sum;
}

std::string_view text_of(bytes_view field) {
  const auto text = formats::as_text(field);
  return text.substr(0, text.find('\0'));
}

}  // namespace

result<void> tar_reader::feed(bytes_view piece) {
  result<void> judged;
  while (judged && !piece.empty()) {
    std::size_t taken = 0;
    switch (state_) {
      case state::header:
      case state::extension: {
        const auto wanted = state_ == state::header ? block_size - block_.size() : left_;
        const auto part = formats::slice(piece, 0, wanted);
        block_.insert(block_.end(), part.begin(), part.end());
        taken = part.size();
        if (state_ == state::extension)
          left_ -= taken;
        if (taken == wanted)
          judged = state_ == state::header ? read_header() : read_extension();
        break;
      }
      case state::content: {
        const auto part = formats::slice(piece, 0, left_);
        taken = part.size();
        left_ -= taken;
        judged = receiver_.take_content(part);
        if (judged && left_ == 0)
          judged = end_content();
        break;
      }
      case state::padding:
        taken = std::min<std::uint64_t>(piece.size(), left_);
        left_ -= taken;
        if (left_ == 0)
          state_ = state::header;
        break;
      case state::ended:
        if (!formats::all_zero(piece))
          return broken("something follows after its end");
        return {};
    }
    piece = piece.subspan(taken);
  }
  return judged;
}

result<void> tar_reader::finish() const {
  if (state_ == state::ended)
    return {};
  return refuse(error_code::image_truncated,
                "The archive ends before its end mark. It was cut off: get it anew, and give 'expect.size' or "
                "'expect.checksum' to notice it at once.");
}

result<void> tar_reader::read_header() {
  const auto block = std::move(block_);
  block_.clear();
  const bytes_view header{block};
  if (formats::all_zero(header)) {
    state_ = state::ended;
    if (extended_name_ || extended_size_)
      return broken("a record for the next member has none that follows");
    return {};
  }
  if (!formats::holds(header, 257, "ustar") || !checksum_agrees(header))
    return broken("a member's header is damaged");
  const auto size = read_number(formats::slice(header, 124, 12));
  if (!size)
    return broken("a member has an impossible size");
  const auto type = formats::read_byte(header, 156);
  if (type == 'x' || type == 'g') {
    global_ = type == 'g';
    return begin_extension(*size);
  }
  if (type != '0' && type != 0)
    return broken("it holds something other than plain files");
  if (!extended_name_) {
    if (formats::holds(header, 257, {"ustar\0", 6}) && formats::read_byte(header, 345) != 0)
      return broken("a member lies in a folder");
    extended_name_ = std::string{text_of(formats::slice(header, 0, 100))};
  }
  return begin_file(*size);
}

result<void> tar_reader::begin_extension(std::uint64_t size) {
  if (size == 0 || size > most_extension)
    return broken("a record of a member has an impossible size");
  left_ = size;
  pad(size);
  state_ = state::extension;
  return {};
}

/// Records "LENGTH KEYWORD=VALUE\n"; only names and sizes matter here.
result<void> tar_reader::read_extension() {
  const auto block = std::move(block_);
  block_.clear();
  auto text = formats::as_text(block);
  while (!text.empty()) {
    std::size_t length = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(read.ptr - text.data());
    if (read.ec != std::errc{} || length > text.size() || length < digits + 3 || text[digits] != ' ' ||
        text[length - 1] != '\n')
      return broken("a record of a member is damaged");
    const auto record = text.substr(digits + 1, length - digits - 2);
    const auto keyword = record.substr(0, record.find('='));
    if (keyword.size() == record.size())
      return broken("a record of a member is damaged");
    const auto value = record.substr(keyword.size() + 1);
    if (keyword.starts_with("GNU.sparse") || keyword == "linkpath" ||
        (global_ && (keyword == "path" || keyword == "size")))
      return broken("it holds something other than plain files");
    if (keyword == "path")
      extended_name_ = std::string{value};
    if (keyword == "size") {
      std::uint64_t size = 0;
      const auto number = std::from_chars(value.data(), value.data() + value.size(), size);
      if (number.ec != std::errc{} || number.ptr != value.data() + value.size() || size >= most_size)
        return broken("a member has an impossible size");
      extended_size_ = size;
    }
    text.remove_prefix(length);
  }
  left_ = padding_;
  state_ = left_ == 0 ? state::header : state::padding;
  return {};
}

result<void> tar_reader::begin_file(std::uint64_t size) {
  tar_member member{std::move(*extended_name_), extended_size_.value_or(size)};
  extended_name_.reset();
  extended_size_.reset();
  if (!is_plain_name(member.name))
    return broken("a member has a name that is not that of a plain file");
  if (names_.size() >= most_members)
    return broken("it has more than " + std::to_string(most_members) + " members");
  if (!names_.insert(member.name).second)
    return broken("two members have the same name");
  left_ = member.size;
  pad(member.size);
  state_ = state::content;
  auto judged = receiver_.begin_member(member);
  return judged && left_ == 0 ? end_content() : judged;
}

result<void> tar_reader::end_content() {
  left_ = padding_;
  state_ = left_ == 0 ? state::header : state::padding;
  return receiver_.end_member();
}

void tar_reader::pad(std::uint64_t size) noexcept {
  padding_ = formats::round_up(size, block_size) - size;
}

}  // namespace sluice::actors::verification::packaging
