// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/vmdk.hpp"

#include <algorithm>

#include "actors/verification/formats/vmdk_descriptor.hpp"
#include "actors/verification/formats/vmdk_header.hpp"

namespace sluice::actors::verification::formats {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::size_t text_probe = 4096;

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
  if (window.front.size() < vmdk_sector)
    return window.ended ? result<void>{vmdk_truncated()} : result<void>{};
  const vmdk_header header{window.front.first(vmdk_sector)};
  auto judged = check_vmdk_header(header);
  if (!judged)
    return judged;
  virtual_size_ = header.capacity * vmdk_sector;
  const auto descriptor_bytes = header.descriptor_size * vmdk_sector;
  const auto text = as_text(slice(window.front, vmdk_sector, descriptor_bytes));
  if (text.size() < descriptor_bytes)
    return window.ended ? result<void>{vmdk_truncated()} : result<void>{};
  // QEMU reads on to the first zero byte, wherever it is: it must be inside.
  const auto end = text.find('\0');
  if (end == text.npos)
    return refuse(error_code::image_corrupt,
                  "The VMDK's descriptor has no end within its place. The file is damaged or forged: get it anew.");
  if (end == 0)
    return vmdk_part_of_several();
  judged = judge_vmdk_descriptor(text.substr(0, end), header.capacity);
  if (!judged || !window.total)
    return judged;
  if (header.directory == vmdk_directory_at_end)
    return judged;  // the footer will say
  const bool fits =
      vmdk_directory_fits(header, header.directory, *window.total) &&
      units_fit(header.overhead, vmdk_sector, *window.total) &&
      (!header.has_redundant_directory() || vmdk_directory_fits(header, header.redundant_directory, *window.total));
  return fits ? judged : result<void>{vmdk_truncated()};
}

result<std::uint64_t> vmdk_inspector::finish(const image_window& window) {
  auto judged = examine(window);
  if (judged) {
    const vmdk_header header{window.front.first(vmdk_sector)};
    if (header.directory == vmdk_directory_at_end)
      judged = check_vmdk_footer(header, window.tail.last(std::min(window.tail.size(), vmdk_footer_length)),
                                 window.total.value_or(0));
  }
  if (!judged)
    return schemas::unexpected<schemas::failure>{judged.error()};
  return virtual_size_.value_or(0);
}

}  // namespace sluice::actors::verification::formats
