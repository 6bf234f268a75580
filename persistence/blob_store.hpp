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
/// O_NOFOLLOW. Publishing is one rename after fsync: an image is there whole or not at all.
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
  /// block of a file may have a length that is not (nothing beyond it is read; the file is longer by the padding until
  /// `sync`). Aligned runs of zeros of 64 KiB and more become holes. disk_full on ENOSPC, store_failed on everything
  /// else.
  [[nodiscard]] schemas::result<void> write_at(std::uint64_t offset, std::span<const std::byte> block);
  /// The same for neighbouring blocks, joined into as few requests as holes allow. Only the last may be of odd length.
  [[nodiscard]] schemas::result<void> write_gather(std::uint64_t offset,
                                                   std::span<const std::span<const std::byte>> blocks);
  /// Reads back what was staged (resume: digest of the prefix); never fills the page cache's hot set.
  /// Offset, buffer and its length aligned as for writes. Returns the bytes read, 0 at the end.
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
  staged_file(unique_fd fd, bool direct, std::uint64_t length)
      : fd_{std::move(fd)}, direct_{direct}, may_hold_data_{length} {}
  schemas::result<void> write_data(std::uint64_t offset, std::span<const std::span<const std::byte>> parts);
  schemas::result<void> make_hole(std::uint64_t offset, std::uint64_t bytes);
  schemas::result<void> write_back(std::uint64_t offset, std::uint64_t bytes);
  schemas::result<void> write_back_now();
  schemas::result<void> set_length(std::uint64_t length);
  bool fall_back_to_buffered() noexcept;

  unique_fd fd_;
  bool direct_ = false;
  std::uint64_t may_hold_data_ = 0;  ///< below it a hole must be punched, from it on it is there already
  std::uint64_t unsynced_ = 0;       ///< buffered fall-back: bytes since the last write-back
  std::uint64_t unsynced_from_ = 0;  ///< … and the range they are in
  std::uint64_t unsynced_to_ = 0;
};

class blob_store;

/// Disk space promised to one import; given back when destroyed, before its store is. Promises plus what is used never
/// exceed the disk less its floor, however many imports ask at once.
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
  /// Creates `data_dir`/{staging,images} (0700) as needed. Free space under `floor` bytes is never promised. A
  /// directory that another process serves from is refused (a lock on `data_dir`/lock, which ends with the process).
  [[nodiscard]] static schemas::result<std::unique_ptr<blob_store>> open(const std::filesystem::path& data_dir,
                                                                         std::uint64_t floor);
  ~blob_store();

  [[nodiscard]] schemas::result<staged_file> create_staged(std::string_view import_id);  ///< O_EXCL
  [[nodiscard]] schemas::result<staged_file> open_staged(std::string_view import_id);
  /// To be looked at, not written: what an import has staged, or has published already. not_found when neither is
  /// there.
  [[nodiscard]] schemas::result<unique_fd> open_for_judging(std::string_view import_id,
                                                            std::string_view image_id) const;
  /// Made read-only, fsync, rename to the image's name, fsync of both directories. Safe to repeat after a crash:
  /// already renamed is success. not_found when neither file is there; store_failed when both are.
  [[nodiscard]] schemas::result<void> publish(std::string_view import_id, std::string_view image_id);
  [[nodiscard]] schemas::result<unique_fd> open_image(std::string_view image_id) const;  ///< not_found when absent
  /// Absent is success: removal can be repeated. Any name that staged_ids or image_ids returned may be removed.
  [[nodiscard]] schemas::result<void> remove_staged(std::string_view import_id);
  [[nodiscard]] schemas::result<void> remove_image(std::string_view image_id);
  [[nodiscard]] std::vector<std::string> staged_ids() const;  ///< any file name found, to sweep
  [[nodiscard]] std::vector<std::string> image_ids() const;   ///< only names that publish may have given

  /// `on_disk`: bytes of the import that are staged already (after a restart) and count as promised and written.
  [[nodiscard]] space_reservation reserve(std::uint64_t on_disk = 0);
  [[nodiscard]] std::uint64_t free_bytes() const;  ///< after promises and floor

 private:
  blob_store() = default;
  friend class space_reservation;
  [[nodiscard]] std::uint64_t free_bytes_locked() const;
  unique_fd lock_, staging_, images_;
  std::uint64_t floor_ = 0;
  mutable std::mutex promises_mutex_;
  std::uint64_t promised_ = 0;  ///< and not yet written, over all reservations
};

}  // namespace sluice::persistence
