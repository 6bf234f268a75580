// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// Disk formats and packages that are never accepted, but must not pass as raw: qcow version 1, Parallels, Bochs,
/// cloop, DMG, EnCase, WIM, OVA.
class foreign_disk_inspector final : public format_inspector {
 public:
  [[nodiscard]] std::string_view format() const noexcept override { return format_; }
  [[nodiscard]] std::string_view title() const noexcept override { return title_; }
  [[nodiscard]] evidence kind() const noexcept override { return evidence::foreign_disk; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;

 private:
  std::string_view format_;
  std::string_view title_;
  std::string_view advice_;
};

/// What a file that is no disk image is, and what its owner can do.
struct foreign_content {
  std::string_view title;   ///< in a sentence: "a gzip archive"
  std::string_view advice;  ///< a sentence
  bool certain = true;      ///< no raw disk begins like this, however lenient the operator is
};

/// Names what people upload by mistake: archives, films, pictures, web pages, programs. Empty for anything else.
[[nodiscard]] std::optional<foreign_content> describe_content(bytes_view front);

/// A tar archive whose first member is an OVF descriptor (DMTF DSP0243 section 5.1).
[[nodiscard]] bool is_ova(bytes_view front) noexcept;

/// Whether the file ends with the trailer of an Apple disk image ("koly").
[[nodiscard]] bool ends_with_apple_trailer(bytes_view tail) noexcept;

}  // namespace sluice::actors::verification::formats
