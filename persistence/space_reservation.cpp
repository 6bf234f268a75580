// SPDX-License-Identifier: Apache-2.0
#include "persistence/blob_store.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice::persistence {

space_reservation::space_reservation(space_reservation&& other) noexcept
    : store_{std::exchange(other.store_, nullptr)},
      promised_{std::exchange(other.promised_, 0)},
      written_{std::exchange(other.written_, 0)} {}

space_reservation& space_reservation::operator=(space_reservation&& other) noexcept {
  space_reservation taken{std::move(other)};
  std::swap(store_, taken.store_);
  std::swap(promised_, taken.promised_);
  std::swap(written_, taken.written_);
  return *this;
}

space_reservation::~space_reservation() {
  if (!store_)
    return;
  const std::lock_guard lock{store_->promises_mutex_};
  store_->promised_ -= promised_ - written_;
}

schemas::result<void> space_reservation::grow_to(std::uint64_t bytes) {
  if (!store_)
    return schemas::refuse(schemas::error_code::internal_error, "Space was asked for without a store.");
  if (bytes <= promised_)
    return {};
  const std::lock_guard lock{store_->promises_mutex_};
  const auto free = store_->free_bytes_locked();
  const auto more = bytes - promised_;
  if (more > free)
    return schemas::refuse(schemas::error_code::disk_full,
                           "The image needs " + std::to_string(more) + " more bytes of disk space, and " +
                               std::to_string(free) +
                               " are free for imports. Try again later, or ask the operator for more space.");
  store_->promised_ += more;
  promised_ = bytes;
  return {};
}

void space_reservation::written(std::uint64_t bytes) noexcept {
  if (!store_)
    return;
  const std::lock_guard lock{store_->promises_mutex_};
  const auto settled = std::min(bytes, promised_ - written_);
  written_ += settled;
  store_->promised_ -= settled;
}

space_reservation blob_store::reserve(std::uint64_t on_disk) {
  space_reservation reservation;
  reservation.store_ = this;
  reservation.promised_ = reservation.written_ = on_disk;
  return reservation;
}

std::uint64_t blob_store::free_bytes() const {
  const std::lock_guard lock{promises_mutex_};
  return free_bytes_locked();
}

std::uint64_t blob_store::free_bytes_locked() const {
  struct statvfs facts {};
  while (::fstatvfs(staging_.get(), &facts) != 0)
    if (errno != EINTR)
      return 0;  // a disk that does not answer has no room
  const auto available = std::uint64_t{facts.f_bavail} * facts.f_frsize;
  const auto above_floor = available - std::min(available, floor_);
  return above_floor - std::min(above_floor, promised_);
}

}  // namespace sluice::persistence
