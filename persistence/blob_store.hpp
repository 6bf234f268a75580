// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/unique_fd.hpp"
#include "schemas/failure.hpp"

/// The bytes of images: a staging area that only imports see, and the published images that serving reads.
/// Names are ids made by the service, never text from outside; every open is openat below one 0700 directory with
/// O_NOFOLLOW (SECURITY Q6). Publishing is one rename after fsync: an image is there whole or not at all (Q7).
namespace sluice::persistence {

/// A buffer of `write_alignment` bytes alignment is what O_DIRECT wants.
inline constexpr std::size_t write_alignment = 4096;

/// A staged file being written, by one thread at a time. Writes bypass the page cache (O_DIRECT) where the filesystem
/// allows and fall back to buffered writes behind a bound where it refuses.
class staged_file {
 public:
  staged_file(staged_file&&) noexcept = default;
  staged_file& operator=(staged_file&&) noexcept = default;

  /// Writes `block` at `offset`. `offset` is a multiple of write_alignment; `block.data()` is so aligned; only the last
  /// block of a file may have a length that is not (the caller's buffer must be padded to the next multiple: `capacity`
  /// says so). Aligned runs of zeros of 64 KiB and more become holes. disk_full on ENOSPC, store_failed on everything
  /// else.
  [[nodiscard]] schemas::result<void> write_at(std::uint64_t offset, std::span<const std::byte> block);
  /// Reads back what was staged (resume: digest of the prefix); never fills the page cache's hot set.
  /// Buffer aligned as for writes. Returns the bytes read, 0 at the end.
  [[nodiscard]] schemas::result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer);
  /// Sets the exact length (holes at the end included) and makes everything durable.
  [[nodiscard]] schemas::result<void> sync(std::uint64_t length);
  /// Throws away everything from `length` on.
  [[nodiscard]] schemas::result<void> truncate(std::uint64_t length);
  [[nodiscard]] schemas::result<std::uint64_t> length() const;
  [[nodiscard]] bool direct() const noexcept { return direct_; }
  [[nodiscard]] int native_handle() const noexcept { return fd_.get(); }

 private:
  friend class blob_store;
  staged_file(unique_fd fd, bool direct) : fd_{std::move(fd)}, direct_{direct} {}
  unique_fd fd_;
  bool direct_ = false;
  std::uint64_t unsynced_ = 0;  ///< buffered fall-back: bytes since the last write-back
};

class blob_store;

/// Disk space promised to one import; given back when destroyed. Promises plus what is used never exceed the
/// disk less its floor, however many imports ask at once.
class space_reservation {
 public:
  space_reservation() = default;
  space_reservation(space_reservation&& other) noexcept;
  space_reservation& operator=(space_reservation&& other) noexcept;
  ~space_reservation();
  /// Grows the promise to `bytes` in all; disk_full when there is no room.
  [[nodiscard]] schemas::result<void> grow_to(std::uint64_t bytes);
  /// `bytes` of the promise are on the disk now and no longer need to be held back.
  void written(std::uint64_t bytes) noexcept;

 private:
  friend class blob_store;
  blob_store* store_ = nullptr;
  std::uint64_t promised_ = 0;
  std::uint64_t written_ = 0;
};

class blob_store {
 public:
  /// Creates `data_dir`/{staging,images} (0700) as needed. Free space under `floor` bytes is never promised.
  [[nodiscard]] static schemas::result<std::unique_ptr<blob_store>> open(const std::filesystem::path& data_dir,
                                                                         std::uint64_t floor);
  ~blob_store();

  [[nodiscard]] schemas::result<staged_file> create_staged(std::string_view import_id);  ///< O_EXCL
  [[nodiscard]] schemas::result<staged_file> open_staged(std::string_view import_id);
  /// fsync, rename to the image's name, fsync of both directories. Safe to repeat after a crash: already renamed is
  /// success.
  [[nodiscard]] schemas::result<void> publish(std::string_view import_id, std::string_view image_id);
  [[nodiscard]] schemas::result<unique_fd> open_image(std::string_view image_id) const;  ///< not_found when absent
  /// Absent is success: removal can be repeated.
  [[nodiscard]] schemas::result<void> remove_staged(std::string_view import_id);
  [[nodiscard]] schemas::result<void> remove_image(std::string_view image_id);
  [[nodiscard]] std::vector<std::string> staged_ids() const;  ///< any file name found, to sweep
  [[nodiscard]] std::vector<std::string> image_ids() const;

  [[nodiscard]] space_reservation reserve();
  [[nodiscard]] std::uint64_t free_bytes() const;  ///< after promises and floor

 private:
  blob_store() = default;
  friend class space_reservation;
  unique_fd staging_, images_;
  std::uint64_t floor_ = 0;
  mutable std::mutex promises_mutex_;
  std::uint64_t promised_ = 0;
};

}  // namespace sluice::persistence
