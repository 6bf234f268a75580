// SPDX-License-Identifier: Apache-2.0
#include "persistence/blob_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "persistence/impl/files.hpp"
#include "persistence/impl/zero_runs.hpp"

namespace sluice::persistence {
namespace {

using schemas::result;
using bytes_view = std::span<const std::byte>;

constexpr std::uint64_t write_back_step = std::uint64_t{4} << 20;  ///< most dirty bytes of one buffered file
constexpr std::size_t most_parts = 64;                             ///< of one request

struct alignas(write_alignment) aligned_page {
  std::array<std::byte, write_alignment> bytes{};
};
struct alignas(write_alignment) aligned_zeros {
  std::array<std::byte, hole_granule> bytes{};
};
const aligned_zeros zeros;

schemas::failure explain_write(int error) {
  return explain_errno(error, "writing an image");
}

/// Bytes from `offset` to the next multiple of the granule.
std::size_t to_granule(std::uint64_t offset) noexcept {
  return hole_granule - static_cast<std::size_t>(offset % hole_granule);
}

/// Takes `count` bytes off the front.
void drop_front(std::vector<iovec>& parts, std::size_t count) {
  auto part = parts.begin();
  for (; part != parts.end() && count >= part->iov_len; ++part)
    count -= part->iov_len;
  if (part != parts.end()) {
    part->iov_base = static_cast<char*>(part->iov_base) + count;
    part->iov_len -= count;
  }
  parts.erase(parts.begin(), part);
}

iovec to_iovec(bytes_view bytes) noexcept {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};  // NOLINT: pwritev only reads
}

}  // namespace

result<void> staged_file::write_at(std::uint64_t offset, bytes_view block) {
  const std::array blocks{block};
  return write_gather(offset, blocks);
}

result<void> staged_file::write_gather(std::uint64_t offset, std::span<const bytes_view> blocks) {
  if (offset % write_alignment != 0)
    return schemas::refuse(schemas::error_code::internal_error,
                           "A block was written at an offset that is not aligned.");
  // Data is collected until a hole or the end; a hole until data or the end. So each is one request.
  std::vector<bytes_view> data;
  std::uint64_t data_bytes = 0;
  std::uint64_t hole_bytes = 0;
  const auto flush_data = [&]() -> result<void> {
    if (data.empty())
      return {};
    auto outcome = write_data(offset, data);
    offset += data_bytes;
    data_bytes = 0;
    data.clear();
    return outcome;
  };
  const auto flush_hole = [&]() -> result<void> {
    if (hole_bytes == 0)
      return {};
    auto outcome = make_hole(offset, hole_bytes);
    offset += hole_bytes;
    hole_bytes = 0;
    return outcome;
  };
  for (auto block : blocks) {
    while (!block.empty()) {
      const auto at = offset + data_bytes + hole_bytes;
      const auto piece = block.first(std::min(block.size(), to_granule(at)));
      const auto is_hole = piece.size() == hole_granule && all_zero(piece);
      if (auto outcome = is_hole ? flush_data() : flush_hole(); !outcome)
        return outcome;
      if (is_hole) {
        hole_bytes += piece.size();
      } else {
        if (!data.empty() && data.back().data() + data.back().size() == piece.data())
          data.back() = {data.back().data(), data.back().size() + piece.size()};
        else
          data.push_back(piece);
        data_bytes += piece.size();
      }
      block = block.subspan(piece.size());
    }
  }
  if (auto outcome = flush_data(); !outcome)
    return outcome;
  return flush_hole();
}

result<void> staged_file::write_data(std::uint64_t offset, std::span<const bytes_view> parts) {
  std::vector<iovec> pending;
  aligned_page tail;
  for (const auto& part : parts) {
    const auto odd = direct_ ? part.size() % write_alignment : 0;
    if (part.size() > odd)
      pending.push_back(to_iovec(part.first(part.size() - odd)));
    if (odd > 0) {  // the end of the file: O_DIRECT wants whole pages
      std::memcpy(tail.bytes.data(), part.data() + (part.size() - odd), odd);
      pending.push_back(to_iovec(tail.bytes));
    }
  }
  const auto begin = offset;
  while (!pending.empty()) {
    const auto count = static_cast<int>(std::min(pending.size(), most_parts));
    const auto written = ::pwritev(fd_.get(), pending.data(), count, static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR || (errno == EINVAL && fall_back_to_buffered()))
        continue;
      return schemas::unexpected{explain_write(errno)};
    }
    if (written == 0)
      return schemas::unexpected{explain_write(EIO)};
    offset += static_cast<std::uint64_t>(written);
    may_hold_data_ = std::max(may_hold_data_, offset);
    drop_front(pending, static_cast<std::size_t>(written));
  }
  return direct_ ? result<void>{} : write_back(begin, offset - begin);
}

result<void> staged_file::make_hole(std::uint64_t offset, std::uint64_t bytes) {
  if (offset >= may_hold_data_)
    return {};
  constexpr int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  while (::fallocate(fd_.get(), punch, static_cast<off_t>(offset), static_cast<off_t>(bytes)) != 0) {
    if (errno == EINTR)
      continue;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
      return schemas::unexpected{explain_write(errno)};
    const std::vector<bytes_view> parts(bytes / hole_granule, zeros.bytes);
    return write_data(offset, parts);
  }
  return {};
}

/// The filesystem took O_DIRECT but refuses this request: go on without.
bool staged_file::fall_back_to_buffered() noexcept {
  if (!direct_)
    return false;
  const auto flags = ::fcntl(fd_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd_.get(), F_SETFL, flags & ~O_DIRECT) != 0)
    return false;
  direct_ = false;
  return true;
}

result<void> staged_file::write_back(std::uint64_t offset, std::uint64_t bytes) {
  unsynced_from_ = unsynced_ == 0 ? offset : std::min(unsynced_from_, offset);
  unsynced_to_ = unsynced_ == 0 ? offset + bytes : std::max(unsynced_to_, offset + bytes);
  unsynced_ += bytes;
  return unsynced_ < write_back_step ? result<void>{} : write_back_now();
}

/// Bounds what waits in the page cache, and takes it out of there: images being served need the room.
result<void> staged_file::write_back_now() {
  while (::fdatasync(fd_.get()) != 0)
    if (errno != EINTR)
      return schemas::unexpected{explain_write(errno)};
  if (unsynced_ > 0)
    ::posix_fadvise(fd_.get(), static_cast<off_t>(unsynced_from_), static_cast<off_t>(unsynced_to_ - unsynced_from_),
                    POSIX_FADV_DONTNEED);
  unsynced_ = 0;
  return {};
}

result<std::size_t> staged_file::read_at(std::uint64_t offset, std::span<std::byte> buffer) {
  for (;;) {
    const auto count = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (count >= 0) {
      if (!direct_)
        ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), count, POSIX_FADV_DONTNEED);
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR && !(errno == EINVAL && fall_back_to_buffered()))
      return schemas::unexpected{explain_errno(errno, "reading a staged image")};
  }
}

result<void> staged_file::set_length(std::uint64_t length) {
  while (::ftruncate(fd_.get(), static_cast<off_t>(length)) != 0)
    if (errno != EINTR)
      return schemas::unexpected{explain_write(errno)};
  may_hold_data_ = std::min(may_hold_data_, length);
  return {};
}

result<void> staged_file::sync(std::uint64_t length) {
  if (auto outcome = set_length(length); !outcome)
    return outcome;
  return write_back_now();
}

result<void> staged_file::truncate(std::uint64_t length) {
  return set_length(length);
}

result<std::uint64_t> staged_file::length() const {
  struct stat facts {};
  if (::fstat(fd_.get(), &facts) != 0)
    return schemas::unexpected{explain_errno(errno, "looking at a staged image")};
  return static_cast<std::uint64_t>(facts.st_size);
}

}  // namespace sluice::persistence
