// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vmdk.hpp"

#include <bit>
#include <string>

#include "actors/verification/formats/vmdk_descriptor.hpp"

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t directory_at_end = ~std::uint64_t{0};
constexpr std::uint64_t most_sectors = std::uint64_t{1} << 53;
constexpr std::uint32_t footer_marker = 3;
constexpr std::size_t text_probe = 4096;

struct sparse_header {
  explicit sparse_header(bytes_view from)
      : bytes{from},
        version{read_little_endian<std::uint32_t>(from, 4)},
        flags{read_little_endian<std::uint32_t>(from, 8)},
        capacity{read_little_endian<std::uint64_t>(from, 12)},
        grain{read_little_endian<std::uint64_t>(from, 20)},
        descriptor_offset{read_little_endian<std::uint64_t>(from, 28)},
        descriptor_size{read_little_endian<std::uint64_t>(from, 36)},
        entries_per_table{read_little_endian<std::uint32_t>(from, 44)},
        redundant_directory{read_little_endian<std::uint64_t>(from, 48)},
        directory{read_little_endian<std::uint64_t>(from, 56)},
        overhead{read_little_endian<std::uint64_t>(from, 64)},
        compression{read_little_endian<std::uint16_t>(from, 77)} {}

  [[nodiscard]] bool newline_test() const noexcept { return (flags & 1U) != 0; }
  [[nodiscard]] bool has_redundant_directory() const noexcept { return (flags & 2U) != 0; }
  [[nodiscard]] std::uint64_t directory_bytes() const noexcept {
    const auto covered = grain * entries_per_table;  // sectors by one entry; both are bounded before
    return (capacity + covered - 1) / covered * 4;
  }

  bytes_view bytes;
  std::uint32_t version;
  std::uint32_t flags;
  std::uint64_t capacity;
  std::uint64_t grain;
  std::uint64_t descriptor_offset;
  std::uint64_t descriptor_size;
  std::uint32_t entries_per_table;
  std::uint64_t redundant_directory;
  std::uint64_t directory;
  std::uint64_t overhead;  ///< sectors before the first grain: headers, directories and tables
  std::uint16_t compression;
};

/// A descriptor in a file of its own, as QEMU and VMware find it: after comments and empty lines, a version.
presence find_text_descriptor(const image_window& window) {
  constexpr std::string_view heading = "# Disk DescriptorFile";
  if (holds(window.front, 0, heading))
    return presence::present;
  const auto first = static_cast<char>(read_byte(window.front, 0));
  if (window.front.empty() || std::string_view{"# \t\r\nvV"}.find(first) == std::string_view::npos)
    return window.front.empty() && !window.front_closed() ? presence::undecided : presence::absent;
  if (window.front.size() < text_probe && !window.front_closed())
    return presence::undecided;
  auto text = as_text(slice(window.front, 0, text_probe));
  while (!text.empty()) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == text.npos)
      break;
    text.remove_prefix(start);
    if (text.front() != '#')
      return text.starts_with("version=") ? presence::present : presence::absent;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  return presence::absent;
}

result<void> part_of_several() {
  return refuse(
      error_code::external_extent,
      "The VMDK has no descriptor of its own behind its header: it is one part of a disk in several files, which "
      "are never opened. Make one file with 'qemu-img convert -O vmdk -o subformat=streamOptimized'.");
}

result<void> check_header(const sparse_header& header) {
  constexpr std::uint32_t known_flags = 0x0003FFFF;  // the upper half, beyond these, is incompatible features
  if (header.version < 1 || header.version > 3 || (header.flags & ~known_flags) != 0 || header.compression > 1)
    return refuse(error_code::unknown_feature,
                  "The VMDK has a version, feature or compression that is not known here. Write it anew with 'qemu-img "
                  "convert -O vmdk -o subformat=streamOptimized IMAGE NEW'.");
  if (header.newline_test() && !holds(header.bytes, 73, "\n \r\n"))
    return refuse(error_code::image_corrupt,
                  "The VMDK was damaged by a transfer in text mode, which rewrote its line ends. Get it anew in binary "
                  "mode.");
  if (header.capacity == 0)
    return refuse(error_code::virtual_size_invalid,
                  "The VMDK's header gives the disk a size of 0. The header is damaged or forged: get the image anew.");
  if (header.capacity > most_sectors || header.grain < 8 || header.grain > 0x200000 ||
      !std::has_single_bit(header.grain) || header.entries_per_table == 0 || header.entries_per_table > 0x10000)
    return refuse(
        error_code::image_corrupt,
        "The VMDK's header gives an impossible capacity or grain size. The header is damaged: get the image anew.");
  if (header.descriptor_offset != 1 || header.descriptor_size == 0 ||
      header.descriptor_size > front_capacity / sector - 1)
    return part_of_several();
  return {};
}

result<void> truncated() {
  return refuse(
      error_code::image_truncated,
      "The VMDK ends before all that its header names. The file was cut off: get it anew, and give 'expect.size' "
      "or 'expect.checksum' to notice it at once.");
}

bool directory_fits(const sparse_header& header, std::uint64_t place, std::uint64_t total) {
  return place <= most_sectors && lies_within(place * sector, header.directory_bytes(), total);
}

/// The last three sectors: a marker, the header once more with the directory's place filled in, an end marker.
result<void> check_footer(const sparse_header& header, const image_window& window) {
  constexpr std::size_t length = 3 * sector;
  if (window.tail.size() < length)
    return truncated();
  const auto end = window.tail.last(length);
  const auto marker = end.first(sector);
  const sparse_header footer{end.subspan(sector, sector)};
  if (!all_zero(end.last(sector)) || read_little_endian<std::uint32_t>(marker, 12) != footer_marker ||
      read_little_endian<std::uint32_t>(marker, 8) != 0 || !holds(footer.bytes, 0, "KDMV"))
    return refuse(
        error_code::image_truncated,
        "The stream-optimised VMDK does not end with its footer and end marker. The file was cut off: get it anew.");
  if (footer.version != header.version || footer.flags != header.flags || footer.capacity != header.capacity ||
      footer.grain != header.grain || footer.descriptor_offset != header.descriptor_offset ||
      footer.descriptor_size != header.descriptor_size || footer.entries_per_table != header.entries_per_table ||
      footer.compression != header.compression || footer.directory == directory_at_end)
    return refuse(error_code::image_corrupt,
                  "The VMDK's footer and header contradict each other. The file is damaged or forged: get it anew.");
  return directory_fits(footer, footer.directory, window.total.value_or(0)) ? result<void>{} : truncated();
}

}  // namespace

presence vmdk_inspector::recognise(const image_window& window) {
  for (const std::string_view magic : {"KDMV", "COWD"}) {
    const auto found = magic_at(window, 0, magic);
    if (found != presence::absent)
      return found;
  }
  return find_text_descriptor(window);
}

result<void> vmdk_inspector::examine(const image_window& window) {
  if (holds(window.front, 0, "COWD"))
    return refuse(
        error_code::unknown_feature,
        "This is a VMDK in the old COWD format, which is not accepted. Convert it with 'qemu-img convert -O vmdk -o "
        "subformat=streamOptimized IMAGE NEW'.");
  if (!holds(window.front, 0, "KDMV"))
    return refuse(
        error_code::external_extent,
        "This is only the descriptor of a VMDK: the disk's data is in other files, which are never opened. Make one "
        "file with 'qemu-img convert -O vmdk -o subformat=streamOptimized IMAGE NEW' and import that.");
  if (window.front.size() < sector)
    return window.ended ? truncated() : result<void>{};
  const sparse_header header{window.front.first(sector)};
  auto judged = check_header(header);
  if (!judged)
    return judged;
  virtual_size_ = header.capacity * sector;
  const auto descriptor_bytes = header.descriptor_size * sector;
  const auto text = as_text(slice(window.front, sector, descriptor_bytes));
  if (text.size() < descriptor_bytes)
    return window.ended ? truncated() : result<void>{};
  // QEMU reads on to the first zero byte, wherever it is: it must be inside.
  const auto end = text.find('\0');
  if (end == text.npos)
    return refuse(error_code::image_corrupt,
                  "The VMDK's descriptor has no end within its place. The file is damaged or forged: get it anew.");
  if (end == 0)
    return part_of_several();
  judged = judge_vmdk_descriptor(text.substr(0, end), header.capacity);
  if (!judged || !window.total)
    return judged;
  if (header.directory == directory_at_end)
    return judged;  // the footer will say
  const bool fits =
      directory_fits(header, header.directory, *window.total) && units_fit(header.overhead, sector, *window.total) &&
      (!header.has_redundant_directory() || directory_fits(header, header.redundant_directory, *window.total));
  return fits ? judged : truncated();
}

result<std::uint64_t> vmdk_inspector::finish(const image_window& window) {
  auto judged = examine(window);
  if (judged) {
    const sparse_header header{window.front.first(sector)};
    if (header.directory == directory_at_end)
      judged = check_footer(header, window);
  }
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
