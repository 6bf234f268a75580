// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/foreign.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace sluice::actors::verification::formats {
namespace {

using namespace std::string_view_literals;

struct foreign_disk {
  std::size_t offset;
  std::string_view magic;
  std::string_view format;
  std::string_view title;
  std::string_view advice;
};

constexpr std::string_view convert = "Convert it with 'qemu-img convert -O qcow2 IMAGE NEW' and import the result.";

constexpr std::array foreign_disks{
    foreign_disk{0, "QFI\xfb\0\0\0\1"sv, "qcow", "a qcow image of version 1", convert},
    foreign_disk{0, "WithoutFreeSpace"sv, "ploop", "a Parallels or ploop disk", convert},
    foreign_disk{0, "WithouFreSpacExt"sv, "ploop", "a Parallels or ploop disk", convert},
    foreign_disk{0, "Bochs Virtual HD Image"sv, "bochs", "a Bochs disk", convert},
    foreign_disk{0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop"sv, "cloop", "a compressed loop image", convert},
    foreign_disk{0, "MSWIM\0\0\0"sv, "wim", "a Windows imaging file",
                 "It holds files, not a disk: install it on a disk first."},
    foreign_disk{0, "EVF\x09\x0d\x0a\xff\x00"sv, "ewf", "an EnCase evidence file",
                 "Export it as a raw disk with 'ewfexport' first."},
};

struct foreign_file {
  std::size_t offset;
  std::string_view magic;
  foreign_content content;
};

constexpr std::string_view unpack = "Unpack it first and import the disk image that is inside.";
constexpr std::string_view wrong_file = "Check that the location names the disk image itself.";

constexpr std::array foreign_files{
    foreign_file{0, "\x1f\x8b"sv, {"a gzip archive", unpack}},
    foreign_file{0,
                 "\xfd"
                 "7zXZ\0"sv,
                 {"an xz archive", unpack}},
    foreign_file{0, "\x28\xb5\x2f\xfd"sv, {"a zstd archive", unpack}},
    foreign_file{0, "\x02\x21\x4c\x18"sv, {"an lz4 archive", unpack}},
    foreign_file{0, "\x04\x22\x4d\x18"sv, {"an lz4 archive", unpack}},
    foreign_file{0, "LZIP"sv, {"an lzip archive", unpack}},
    foreign_file{0, "BZh"sv, {"a bzip2 archive", unpack}},
    foreign_file{0, "PK\x03\x04"sv, {"a zip archive", unpack}},
    foreign_file{0, "7z\xbc\xaf\x27\x1c"sv, {"a 7-Zip archive", unpack}},
    foreign_file{0, "Rar!\x1a\x07"sv, {"a RAR archive", unpack}},
    foreign_file{0, "070701"sv, {"a cpio archive", wrong_file}},
    foreign_file{0, "070702"sv, {"a cpio archive", wrong_file}},
    foreign_file{0, "070707"sv, {"a cpio archive", wrong_file}},
    foreign_file{0, "!<arch>\n"sv, {"a Debian package or static library", wrong_file}},
    foreign_file{0, "\xed\xab\xee\xdb"sv, {"an RPM package", wrong_file}},
    foreign_file{257, "ustar"sv, {"a tar archive", unpack}},
    foreign_file{4, "ftyp"sv, {"an MP4 video", wrong_file}},
    foreign_file{0, "\x1a\x45\xdf\xa3"sv, {"a Matroska or WebM video", wrong_file}},
    foreign_file{8, "AVI LIST"sv, {"an AVI video", wrong_file}},
    foreign_file{8, "WAVEfmt "sv, {"a WAV sound file", wrong_file}},
    foreign_file{0, "\0\0\1\xba"sv, {"an MPEG video", wrong_file}},
    foreign_file{0, "OggS"sv, {"an Ogg media file", wrong_file}},
    foreign_file{0, "ID3"sv, {"an MP3 sound file", wrong_file}},
    foreign_file{0, "fLaC"sv, {"a FLAC sound file", wrong_file}},
    foreign_file{0, "FLV\x01"sv, {"a Flash video", wrong_file}},
    foreign_file{0, "%PDF-"sv, {"a PDF document", wrong_file}},
    foreign_file{0, "\x89PNG\r\n\x1a\n"sv, {"a PNG picture", wrong_file}},
    foreign_file{0, "\xff\xd8\xff"sv, {"a JPEG picture", wrong_file}},
    foreign_file{0, "GIF8"sv, {"a GIF picture", wrong_file}},
    foreign_file{0,
                 "\x7f"
                 "ELF"sv,
                 {"a program (ELF)", wrong_file}},
    foreign_file{0, "MZ"sv, {"a Windows or EFI program", wrong_file, false}},
    foreign_file{0, "SQLite format 3\0"sv, {"a SQLite database", wrong_file}},
};

/// The words of a text file that say which kind it is; leading blanks and a byte order mark do not count.
std::optional<foreign_content> describe_text(bytes_view front) {
  auto text = as_text(front.first(std::min<std::size_t>(front.size(), 512)));
  const bool printable = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code >= 0x20 ? code != 0x7f : code == '\n' || code == '\r' || code == '\t' || code == '\f';
  });
  if (!printable)
    return std::nullopt;
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  const auto start = text.find_first_not_of(" \t\r\n\f");
  if (start == text.npos)
    return foreign_content{"a text file", wrong_file, false};
  std::string lower{text.substr(start)};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<head"))
    return foreign_content{
        "a web page",
        "The location probably leads to a page about the image, or to one that asks to log in: give the "
        "address of the file itself.",
        false};
  if (lower.starts_with("<?xml") || lower.starts_with("<!doctype") || lower.front() == '<')
    return foreign_content{"an XML document", wrong_file, false};
  if (lower.front() == '{' || lower.front() == '[')
    return foreign_content{"a JSON document", wrong_file, false};
  return foreign_content{"a text file", wrong_file, false};
}

}  // namespace

bool is_ova(bytes_view front) noexcept {
  if (!holds(front, 257, "ustar"))
    return false;
  const auto name = as_text(slice(front, 0, 100));
  const auto plain = name.substr(0, name.find('\0'));
  return plain.size() > 4 && plain.ends_with(".ovf");
}

presence foreign_disk_inspector::recognise(const image_window& window) {
  if (window.front.size() < 512 && !window.front_closed())
    return presence::undecided;
  for (const auto& disk : foreign_disks)
    if (holds(window.front, disk.offset, disk.magic)) {
      format_ = disk.format;
      title_ = disk.title;
      advice_ = disk.advice;
      return presence::present;
    }
  if (!is_ova(window.front))
    return presence::absent;
  format_ = "ova";
  title_ = "an OVA archive";
  advice_ = "Extract the disk with 'tar xf' and import the .vmdk.";
  return presence::present;
}

schemas::result<void> foreign_disk_inspector::examine(const image_window&) {
  return schemas::refuse(schemas::error_code::format_not_allowed,
                         "This is " + std::string{title_} + ", which is not accepted. " + std::string{advice_});
}

schemas::result<std::uint64_t> foreign_disk_inspector::finish(const image_window& window) {
  return schemas::unexpected<schemas::failure>{examine(window).error()};
}

std::optional<foreign_content> describe_content(bytes_view front) {
  for (const auto& file : foreign_files)
    if (holds(front, file.offset, file.magic))
      return file.content;
  return describe_text(front);
}

bool ends_with_apple_trailer(bytes_view tail) noexcept {
  constexpr std::size_t length = 512;
  if (tail.size() < length)
    return false;
  const auto trailer = tail.last(length);
  return holds(trailer, 0, "koly") && read_big_endian<std::uint32_t>(trailer, 4) == 4 &&
         read_big_endian<std::uint32_t>(trailer, 8) == length;
}

}  // namespace sluice::actors::verification::formats
