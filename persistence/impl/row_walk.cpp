// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/row_walk.hpp"

#include <algorithm>
#include <utility>

namespace sluice::persistence {
namespace {

/// The least key greater than every key that begins with `prefix`; empty when there is none.
std::string after_all(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff)
    prefix.pop_back();
  if (!prefix.empty())
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

row_walk::row_walk(const lmdb::transaction& within, lmdb::database table, std::string prefix, std::string_view after,
                   bool ascending)
    : cursor_{within, table}, prefix_{std::move(prefix)}, ascending_{ascending} {
  if (ascending_) {
    const auto start = prefix_ + std::string{after};
    auto found = start.empty() ? cursor_.first() : cursor_.seek(start);
    if (found && !after.empty() && cursor_.key() == start)
      found = cursor_.next();
    settle(found);
  } else {
    const auto end = after.empty() ? after_all(prefix_) : prefix_ + std::string{after};
    settle(!end.empty() && cursor_.seek(end) ? cursor_.previous() : cursor_.last());
  }
}

void row_walk::advance() {
  settle(ascending_ ? cursor_.next() : cursor_.previous());
}

void row_walk::settle(bool found) {
  standing_ = found && cursor_.key().starts_with(prefix_);
}

merged_walk::merged_walk(std::vector<row_walk> walks, bool ascending)
    : walks_{std::move(walks)}, ascending_{ascending} {
  for (auto& walk : walks_)
    if (!walk.at_end())
      ahead_.push_back(&walk);
  std::ranges::sort(ahead_, [this](const auto* left, const auto* right) { return is_before(*right, *left); });
}

std::optional<merged_walk::place> merged_walk::next() {
  if (ahead_.empty())
    return std::nullopt;
  const auto& nearest = *ahead_.back();
  const place found{nearest.position(), nearest.value()};
  advance_nearest();
  // As long as the same walk is the nearest it has moved on, and all others are further.
  while (!ahead_.empty() && ahead_.back() != &nearest && ahead_.back()->position() == found.position)
    advance_nearest();
  return found;
}

void merged_walk::advance_nearest() {
  auto* const moved = ahead_.back();
  moved->advance();
  if (moved->at_end()) {
    ahead_.pop_back();
    return;
  }
  auto at = ahead_.size() - 1;
  for (; at > 0 && is_before(*ahead_[at - 1], *moved); --at)
    ahead_[at] = ahead_[at - 1];
  ahead_[at] = moved;
}

}  // namespace sluice::persistence
