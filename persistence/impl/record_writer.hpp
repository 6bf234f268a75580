// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "persistence/impl/lmdb.hpp"
#include "persistence/impl/tables.hpp"
#include "persistence/record_store.hpp"

/// How changes become rows. A set is checked whole before its first row is touched, so that a refused one needs no
/// undoing.
namespace sluice::persistence {

/// conflict or invalid_request when the set may not be applied to what `within` holds.
[[nodiscard]] schemas::result<void> check(const change_set& set, const lmdb::write_transaction& within,
                                          const tables& where);

/// Applies a set that passed `check`. Throws storage_fault; the transaction is then good for nothing but rolling back.
void apply(const change_set& set, lmdb::write_transaction& within, const tables& where);

}  // namespace sluice::persistence
