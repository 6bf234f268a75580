// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "persistence/impl/lmdb.hpp"
#include "persistence/impl/tables.hpp"
#include "persistence/record_store.hpp"

namespace sluice::persistence {

/// The open record file, and the one way records are read from it: what does not decode is logged once and absent.
struct record_store::implementation {
  std::unique_ptr<lmdb::environment> environment;
  tables where;

  [[nodiscard]] std::optional<schemas::image_import> import(const lmdb::transaction& within, std::string_view id) const;
  [[nodiscard]] std::optional<schemas::image> image(const lmdb::transaction& within, std::string_view id) const;
  [[nodiscard]] std::optional<schemas::image_member> member(const lmdb::transaction& within, std::string_view image_id,
                                                            std::string_view member_id) const;

  /// Logs once that the record `id` cannot be read.
  void report(std::string_view kind, std::string_view id, const std::string& why) const;

 private:
  mutable std::mutex reported_mutex_;  ///< taken only where a record is damaged
  mutable std::set<std::string, std::less<>> reported_;
};

}  // namespace sluice::persistence
