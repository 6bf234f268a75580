// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification::formats {

/// How much of a file's beginning every inspector can look at. Covers the farthest mark that decides what a file is:
/// the btrfs superblock, which ends at 68 KiB.
inline constexpr std::size_t front_capacity = 72 << 10;
/// How much of a file's end is kept: the footer, the footer's marker and the end marker of a stream-optimised VMDK.
inline constexpr std::size_t tail_capacity = 2 << 10;

/// What is known of the file at a moment.
struct image_window {
  bytes_view front;                    ///< the first bytes received, at most `front_capacity`
  bytes_view tail;                     ///< the last bytes; empty until `ended`
  std::optional<std::uint64_t> total;  ///< announced by the source, or counted once `ended`
  bool ended = false;

  /// No byte will be added to `front` any more.
  [[nodiscard]] bool front_closed() const noexcept { return ended || front.size() >= front_capacity; }
};

enum class presence : std::uint8_t { undecided, absent, present };

/// What it means for the verdict that an inspector recognises the bits.
enum class evidence : std::uint8_t {
  disk_format,      ///< a format of its own: at most one may be present, and nothing below beside it
  optical_disc,     ///< the same, but a partition table may stand in its unused first 32 KiB (isohybrid)
  partition_table,  ///< the bits are a raw disk
  filesystem,       ///< the bits are a raw disk; its superblock stands where the header of a disk format would
  late_filesystem,  ///< the same, but so far in that the data of a disk format may stand there
  kernel,           ///< a Linux kernel: only for images declared `aki`
  foreign_disk,     ///< a disk format or package that is never accepted
};

/// Judges one format: whether the bits are of it, and whether they are sound and safe as far as headers show.
///
/// The core calls `recognise` with a growing front until it is decided; from then on, for a format that is present,
/// `examine` at every further step of the front, `feed` for every byte after it, and `finish` once. Inspectors look at
/// nothing but the bytes they are given, keep a bounded part of them, and size nothing by a header field.
class format_inspector {
 public:
  format_inspector() = default;
  format_inspector(const format_inspector&) = delete;
  format_inspector& operator=(const format_inspector&) = delete;
  virtual ~format_inspector() = default;

  /// Glance's value of `disk_format`.
  [[nodiscard]] virtual std::string_view format() const noexcept = 0;
  /// In a sentence: "a qcow2 image".
  [[nodiscard]] virtual std::string_view title() const noexcept = 0;
  [[nodiscard]] virtual evidence kind() const noexcept = 0;

  /// Never `undecided` once `window.front_closed()`.
  [[nodiscard]] virtual presence recognise(const image_window& window) = 0;
  /// Refuses as soon as the front, or the announced length, proves the image wrong. Called again with more of the
  /// front.
  [[nodiscard]] virtual schemas::result<void> examine(const image_window& window) = 0;
  /// The bytes after the front, in order, in pieces of any size.
  [[nodiscard]] virtual schemas::result<void> feed(std::uint64_t offset, bytes_view piece) {
    static_cast<void>(offset);
    static_cast<void>(piece);
    return {};
  }
  /// After the last byte: what only the length and the end show. Returns the virtual size in bytes.
  [[nodiscard]] virtual schemas::result<std::uint64_t> finish(const image_window& window) = 0;

  /// The virtual size in bytes as soon as a header says it; finds an image over the limit early.
  [[nodiscard]] std::optional<std::uint64_t> virtual_size() const noexcept { return virtual_size_; }

 protected:
  /// Whether `magic` stands at `offset` of the front, as far as can be told yet.
  [[nodiscard]] static presence magic_at(const image_window& window, std::size_t offset, std::string_view magic) {
    if (window.front.size() < offset + magic.size() && !window.front_closed())
      return presence::undecided;
    return holds(window.front, offset, magic) ? presence::present : presence::absent;
  }

  std::optional<std::uint64_t> virtual_size_;
};

using inspector_list = std::vector<std::unique_ptr<format_inspector>>;

/// One fresh inspector of every format.
[[nodiscard]] inspector_list make_inspectors();

}  // namespace sluice::actors::verification::formats
