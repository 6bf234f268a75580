// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/refusals.hpp"

#include <algorithm>

namespace sluice::actors::verification {
namespace {

/// A declared format comes from the user: short and plain, or left out of the sentence.
std::string quoted(std::string_view word) {
  const bool plain = !word.empty() && word.size() <= 32 && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  return plain ? std::string{"'"}.append(word).append("'") : std::string{"another format"};
}

}  // namespace

schemas::result<void> refuse_ambiguous(std::string_view one, std::string_view other) {
  return schemas::refuse(
      schemas::error_code::ambiguous_format,
      "The file is " + std::string{one} + " and " + std::string{other} +
          " at once, so that different programs would see different disks. Write it anew in one format "
          "with 'qemu-img convert -f FORMAT -O qcow2 IMAGE NEW'.");
}

schemas::result<void> refuse_mismatch(std::string_view declared, std::string_view title, std::string_view format) {
  std::string message =
      "The image was declared as " + quoted(declared) + " but its content is " + std::string{title} + ". ";
  if (format.empty())
    message += "Check that the location names the disk image itself, and that its disk_format is right.";
  else
    message += "Import it again with disk_format '" + std::string{format} + "', or without one to have it detected.";
  return schemas::refuse(schemas::error_code::format_mismatch, std::move(message), "/image_properties/disk_format");
}

schemas::result<void> refuse_format(std::string_view format, std::string_view title,
                                    const std::vector<std::string>& allowed) {
  std::string message = "The image is " + std::string{title} + " (disk_format '" + std::string{format} +
                        "'), which the operator does not accept. Convert it to one of: ";
  for (std::size_t i = 0; i < allowed.size(); ++i)
    message += (i == 0 ? "" : ", ") + allowed[i];
  return schemas::refuse(schemas::error_code::format_not_allowed, message + ".");
}

schemas::result<void> refuse_content(const std::optional<formats::foreign_content>& content) {
  if (content)
    return schemas::refuse(
        schemas::error_code::not_an_image,
        "This is " + std::string{content->title} + ", not a disk image. " + std::string{content->advice});
  return schemas::refuse(
      schemas::error_code::raw_unrecognised,
      "The file has no disk format that is known here, and as a raw disk it has neither a partition table "
      "(MBR or GPT) nor a known filesystem. Check that it is a disk image; an empty or unusual disk can "
      "be imported as qcow2, and a fixed VHD by declaring disk_format 'vhd'.");
}

}  // namespace sluice::actors::verification
