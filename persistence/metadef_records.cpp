// SPDX-License-Identifier: Apache-2.0
// Reading metadata definitions.
#include "persistence/impl/metadef_rows.hpp"
#include "persistence/impl/open_records.hpp"
#include "persistence/record_store.hpp"

namespace sluice::persistence {

using schemas::metadef_namespace;

std::optional<metadef_namespace> record_store::find_metadef(std::string_view name) const {
  if (name.empty() || name.size() > longest_metadef_key)
    return std::nullopt;
  const auto snapshot = implementation_->environment->read();
  const auto head = snapshot.get(implementation_->where.metadef_heads, name);
  if (!head)
    return std::nullopt;
  auto record = schemas::decode_metadef_head(*head);
  auto read = record ? schemas::result<void>{} : schemas::result<void>{schemas::unexpected{record.error()}};
  if (const auto contents = snapshot.get(implementation_->where.metadef_contents, name); contents && read)
    read = schemas::decode_metadef_contents(*contents, *record);
  if (!read) {
    implementation_->report("metadef", name, read.error().message);
    return std::nullopt;
  }
  return std::move(*record);
}

std::vector<metadef_namespace> record_store::metadef_heads() const {
  const auto snapshot = implementation_->environment->read();
  std::vector<metadef_namespace> found;
  lmdb::cursor rows{snapshot, implementation_->where.metadef_heads};
  for (auto standing = rows.first(); standing; standing = rows.next()) {
    if (auto record = schemas::decode_metadef_head(rows.value()))
      found.push_back(std::move(*record));
    else
      implementation_->report("metadef", rows.key(), record.error().message);
  }
  return found;
}

}  // namespace sluice::persistence
