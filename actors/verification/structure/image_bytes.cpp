// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/image_bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::structure {
namespace {

schemas::unexpected<schemas::failure> past_the_end(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return schemas::refuse(schemas::error_code::image_truncated,
                         "The image refers to " + std::to_string(length) + " bytes at offset " +
                             std::to_string(offset) + ", but it is only " + std::to_string(size) +
                             " bytes long. Upload the whole file to the source again and check its size.");
}

schemas::unexpected<schemas::failure> unreadable(int error) {
  return schemas::refuse(
      schemas::error_code::store_failed,
      "The staged image could not be read (" + std::generic_category().message(error) + "). Import it again.");
}

}  // namespace

schemas::result<file_bytes> file_bytes::of(int descriptor) {
  struct stat found {};
  if (::fstat(descriptor, &found) != 0)
    return unreadable(errno);
  return file_bytes{descriptor, static_cast<std::uint64_t>(found.st_size)};
}

schemas::result<void> file_bytes::read(std::uint64_t offset, std::span<std::byte> into) {
  if (!formats::lies_within(offset, into.size(), size_))
    return past_the_end(offset, into.size(), size_);
  while (!into.empty()) {
    const auto got = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return unreadable(errno);
    if (got == 0)
      return past_the_end(offset, into.size(), offset);
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

std::uint64_t file_bytes::next_data(std::uint64_t from) const noexcept {
  if (from >= size_)
    return size_;
  const auto found = ::lseek(descriptor_, static_cast<off_t>(from), SEEK_DATA);
  if (found >= 0)
    return static_cast<std::uint64_t>(found);
  return errno == ENXIO ? size_ : from;
}

schemas::result<void> memory_bytes::read(std::uint64_t offset, std::span<std::byte> into) {
  if (!formats::lies_within(offset, into.size(), bytes_.size()))
    return past_the_end(offset, into.size(), bytes_.size());
  std::ranges::copy(bytes_.subspan(offset, into.size()), into.begin());
  return {};
}

}  // namespace sluice::actors::verification::structure
