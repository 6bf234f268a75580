// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "actors/verification/formats/format_inspector.hpp"

namespace sluice::actors::verification::formats {

/// A filesystem straight on a raw disk, as its superblock describes it.
struct filesystem_extent {
  std::uint64_t bytes = 0;  ///< how long the disk must be
};

/// One kind of filesystem: where its superblock ends and what makes it believable. A magic number alone is never
/// enough: `read` also holds the superblock's own fields, and its checksum where it has one, against each other.
struct filesystem {
  std::string_view title;  ///< in a sentence: "a raw disk with an XFS filesystem"
  evidence kind = evidence::filesystem;
  std::size_t needs = 0;  ///< bytes of the front that `read` looks at
  std::optional<filesystem_extent> (*read)(bytes_view front) = nullptr;
};

namespace filesystems {
[[nodiscard]] std::optional<filesystem_extent> read_ext(bytes_view front);
[[nodiscard]] std::optional<filesystem_extent> read_xfs(bytes_view front);
[[nodiscard]] std::optional<filesystem_extent> read_btrfs(bytes_view front);
[[nodiscard]] std::optional<filesystem_extent> read_fat(bytes_view front);
[[nodiscard]] std::optional<filesystem_extent> read_exfat(bytes_view front);
[[nodiscard]] std::optional<filesystem_extent> read_ntfs(bytes_view front);
[[nodiscard]] std::optional<filesystem_extent> read_squashfs(bytes_view front);
[[nodiscard]] std::optional<filesystem_extent> read_swap(bytes_view front);
}  // namespace filesystems

/// Every kind that is known. The farthest superblock ends within `front_capacity`.
[[nodiscard]] std::span<const filesystem> known_filesystems() noexcept;

/// Recognises one kind of filesystem and refuses it when the file is shorter than it.
class filesystem_inspector final : public format_inspector {
 public:
  explicit filesystem_inspector(const filesystem& of) : filesystem_{of} {}

  [[nodiscard]] std::string_view format() const noexcept override { return "raw"; }
  [[nodiscard]] std::string_view title() const noexcept override { return filesystem_.title; }
  [[nodiscard]] evidence kind() const noexcept override { return filesystem_.kind; }
  [[nodiscard]] presence recognise(const image_window& window) override;
  [[nodiscard]] schemas::result<void> examine(const image_window& window) override;
  [[nodiscard]] schemas::result<std::uint64_t> finish(const image_window& window) override;

 private:
  filesystem filesystem_;
  filesystem_extent extent_;
};

/// Adds an inspector for every kind of filesystem that makes a raw disk recognised.
void add_filesystem_inspectors(inspector_list& inspectors);

}  // namespace sluice::actors::verification::formats
