// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/row_walk.hpp"

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

std::optional<merged_walk::place> merged_walk::next() {
  const row_walk* nearest = nullptr;
  for (const auto& walk : walks_)
    if (!walk.at_end() &&
        (!nearest || (ascending_ ? walk.position() < nearest->position() : walk.position() > nearest->position())))
      nearest = &walk;
  if (!nearest)
    return std::nullopt;
  const place found{nearest->position(), nearest->value()};
  for (auto& walk : walks_)
    if (!walk.at_end() && walk.position() == found.position)
      walk.advance();
  return found;
}

}  // namespace sluice::persistence
