// SPDX-License-Identifier: Apache-2.0
#include "actors/uploads/pushed_body.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::actors {

void pushed_body::tell(const wake& whom) const {
  if (whom)
    whom();
}

void pushed_body::tell_receiver(wake on_change) {
  const std::lock_guard guard{mutex_};
  to_receiver_ = std::move(on_change);
}

bool pushed_body::opened() const {
  const std::lock_guard guard{mutex_};
  return opened_;
}

bool pushed_body::closed() const {
  const std::lock_guard guard{mutex_};
  return closed_;
}

std::span<std::byte> pushed_body::room() {
  const std::lock_guard guard{mutex_};
  if (!bytes_ || closed_ || full_ == slots)
    return {};
  const auto slot = (first_ + full_) % slots;
  return {bytes_->data() + slot * slot_bytes, slot_bytes};
}

void pushed_body::filled(std::size_t bytes) {
  wake whom;
  {
    const std::lock_guard guard{mutex_};
    if (bytes == 0 || full_ == slots)
      return;
    held_[(first_ + full_) % slots] = std::min(bytes, slot_bytes);
    ++full_;
    whom = to_taker_;
  }
  tell(whom);
}

void pushed_body::complete() {
  wake whom;
  {
    const std::lock_guard guard{mutex_};
    complete_ = !why_;
    whom = to_taker_;
  }
  tell(whom);
}

void pushed_body::fail(schemas::failure why) {
  wake whom;
  {
    const std::lock_guard guard{mutex_};
    if (complete_ || why_)
      return;
    why_ = std::move(why);
    whom = to_taker_;
  }
  tell(whom);
}

bool pushed_body::open(wake on_change) {
  wake whom;
  {
    const std::lock_guard guard{mutex_};
    if (opened_ || closed_)
      return false;
    opened_ = true;
    to_taker_ = std::move(on_change);
    bytes_ = std::make_unique<std::array<std::byte, slots * slot_bytes>>();
    whom = to_receiver_;
  }
  tell(whom);
  return true;
}

std::size_t pushed_body::take(std::span<std::byte> into) {
  wake whom;
  std::size_t given = 0;
  {
    const std::lock_guard guard{mutex_};
    const bool was_full = full_ == slots;
    while (full_ > 0 && given < into.size()) {
      const auto count = std::min(held_[first_] - taken_, into.size() - given);
      std::memcpy(into.data() + given, bytes_->data() + first_ * slot_bytes + taken_, count);
      given += count;
      taken_ += count;
      if (taken_ < held_[first_])
        break;
      taken_ = 0;
      first_ = (first_ + 1) % slots;
      --full_;
    }
    if (was_full && full_ < slots)
      whom = to_receiver_;
  }
  tell(whom);
  return given;
}

bool pushed_body::ended() const {
  const std::lock_guard guard{mutex_};
  return complete_ && full_ == 0;
}

std::optional<schemas::failure> pushed_body::failed() const {
  const std::lock_guard guard{mutex_};
  return full_ == 0 ? why_ : std::nullopt;
}

void pushed_body::close() {
  wake whom;
  {
    const std::lock_guard guard{mutex_};
    if (std::exchange(closed_, true))
      return;
    to_taker_ = nullptr;
    whom = to_receiver_;
  }
  tell(whom);
}

std::shared_ptr<pushed_body> upload_board::add(const std::string& import_id, std::optional<std::uint64_t> total) {
  auto body = std::make_shared<pushed_body>(total);
  const std::lock_guard guard{mutex_};
  bodies_.insert_or_assign(import_id, body);
  return body;
}

void upload_board::remove(const std::string& import_id) {
  const std::lock_guard guard{mutex_};
  bodies_.erase(import_id);
}

std::shared_ptr<pushed_body> upload_board::find(const std::string& import_id) const {
  const std::lock_guard guard{mutex_};
  const auto found = bodies_.find(import_id);
  return found == bodies_.end() ? nullptr : found->second;
}

}  // namespace sluice::actors
