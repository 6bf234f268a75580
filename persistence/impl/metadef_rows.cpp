// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/metadef_rows.hpp"

#include <string>

namespace sluice::persistence {
namespace {

using schemas::error_code;
using schemas::result;

/// 0 when there is none, or none that can be read: a damaged one may be replaced.
std::uint64_t revision_of(std::string_view name, const lmdb::write_transaction& within, const tables& where) {
  const auto head = within.get(where.metadef_heads, name);
  if (!head)
    return 0;
  const auto record = schemas::decode_metadef_head(*head);
  return record ? record->revision : 0;
}

result<void> changed_meanwhile() {
  return schemas::refuse(error_code::conflict,
                         "The metadata definition was changed by somebody else meanwhile. Read it again.");
}

bool is_full(const lmdb::write_transaction& within, const tables& where) {
  lmdb::cursor rows{within, where.metadef_heads};
  std::size_t count = 0;
  for (auto standing = rows.first(); standing && count < schemas::most_metadef_namespaces; standing = rows.next())
    ++count;
  return count == schemas::most_metadef_namespaces;
}

}  // namespace

result<void> check(const put_metadef& wanted, const lmdb::write_transaction& within, const tables& where) {
  const auto& name = wanted.what.record.name;
  if (name.empty() || name.size() > longest_metadef_key)
    return schemas::refuse(error_code::invalid_request, "A namespace has a name of 1 to 80 characters.");
  if (revision_of(name, within, where) != wanted.what.replaces)
    return changed_meanwhile();
  if (wanted.what.replaces == 0 && is_full(within, where))
    return schemas::refuse(error_code::quota_exceeded,
                           "There are " + std::to_string(schemas::most_metadef_namespaces) +
                               " namespaces of metadata definitions already. Delete one that is not used.");
  return {};
}

result<void> check(const erase_metadef& wanted, const lmdb::write_transaction& within, const tables& where) {
  const auto& name = wanted.what.name;
  if (name.empty() || name.size() > longest_metadef_key || revision_of(name, within, where) != wanted.what.revision)
    return changed_meanwhile();
  return {};
}

void apply(const put_metadef& wanted, lmdb::write_transaction& within, const tables& where) {
  const auto& record = wanted.what.record;
  within.put(where.metadef_heads, record.name, schemas::encode_head(record));
  within.put(where.metadef_contents, record.name, schemas::encode_contents(record));
}

void apply(const erase_metadef& wanted, lmdb::write_transaction& within, const tables& where) {
  within.erase(where.metadef_heads, wanted.what.name);
  within.erase(where.metadef_contents, wanted.what.name);
}

}  // namespace sluice::persistence
