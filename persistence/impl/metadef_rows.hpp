// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "persistence/impl/lmdb.hpp"
#include "persistence/impl/tables.hpp"
#include "persistence/record_store.hpp"

/// How changes of metadata definitions become rows: one of the head and one of the contents for each namespace, both
/// under its name.
namespace sluice::persistence {

inline constexpr std::size_t longest_metadef_key = 320;  ///< bytes: 80 code points

/// Conflict when what is there is not the revision that the change was computed from; quota_exceeded when it would be
/// one namespace too many.
[[nodiscard]] schemas::result<void> check(const put_metadef& wanted, const lmdb::write_transaction& within,
                                          const tables& where);
[[nodiscard]] schemas::result<void> check(const erase_metadef& wanted, const lmdb::write_transaction& within,
                                          const tables& where);
void apply(const put_metadef& wanted, lmdb::write_transaction& within, const tables& where);
void apply(const erase_metadef& wanted, lmdb::write_transaction& within, const tables& where);

}  // namespace sluice::persistence
