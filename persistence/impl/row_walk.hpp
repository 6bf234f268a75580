// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/impl/lmdb.hpp"

/// Walks over index rows, in the order of their positions, in either direction.
namespace sluice::persistence {

/// The rows of one prefix, from just after a position (or from the end nearest in the direction).
class row_walk {
 public:
  /// `after`: a position, empty for none.
  row_walk(const lmdb::transaction& within, lmdb::database table, std::string prefix, std::string_view after,
           bool ascending);
  [[nodiscard]] bool at_end() const noexcept { return !standing_; }
  [[nodiscard]] std::string_view position() const noexcept { return cursor_.key().substr(prefix_.size()); }
  [[nodiscard]] std::string_view value() const noexcept { return cursor_.value(); }
  void advance();

 private:
  void settle(bool found);
  lmdb::cursor cursor_;
  std::string prefix_;
  bool ascending_;
  bool standing_ = false;
};

/// Several walks as one, each position once. A walk that has ended costs nothing more, and the last one left is
/// followed without comparing.
class merged_walk {
 public:
  struct place {
    std::string_view position, value;
  };
  merged_walk(std::vector<row_walk> walks, bool ascending);
  /// The next place; views hold until the transaction ends.
  [[nodiscard]] std::optional<place> next();

 private:
  [[nodiscard]] bool is_before(const row_walk& left, const row_walk& right) const noexcept {
    return ascending_ ? left.position() < right.position() : left.position() > right.position();
  }
  void advance_nearest();

  std::vector<row_walk> walks_;
  std::vector<row_walk*> ahead_;  ///< those of `walks_` that have not ended; the nearest is the last
  bool ascending_;
};

}  // namespace sluice::persistence
