// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/record_writer.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "persistence/impl/metadef_rows.hpp"
#include "persistence/impl/rows.hpp"
#include "persistence/impl/usage_rows.hpp"
#include "schemas/json.hpp"

namespace sluice::persistence {
namespace {

using schemas::error_code;
using schemas::result;

result<void> check_names(std::string_view id, std::string_view project) {
  if (id.empty() || id.size() > longest_id)
    return schemas::refuse(error_code::invalid_request, "A record's id has 1 to " + std::to_string(longest_id) +
                                                            " bytes; this one has " + std::to_string(id.size()) + ".");
  if (project.size() > longest_project)
    return schemas::refuse(error_code::invalid_request, "A project id has at most " + std::to_string(longest_project) +
                                                            " bytes; this one has " + std::to_string(project.size()) +
                                                            ".");
  return {};
}

result<schemas::image_import> decode(std::string_view bytes, const schemas::image_import*) {
  return schemas::decode_image_import(bytes);
}
result<schemas::image> decode(std::string_view bytes, const schemas::image*) {
  return schemas::decode_image(bytes);
}

/// The old record does not decode, so nobody knows its rows: look at every row of the table for the id.
void erase_rows_of_unreadable(std::string_view id, lmdb::write_transaction& within,
                              const std::vector<lmdb::database>& indexes) {
  for (const auto table : indexes) {
    lmdb::cursor rows{within, table};
    std::vector<std::string> stale;
    for (auto standing = rows.first(); standing; standing = rows.next())
      if (rows.key().ends_with(id))
        stale.emplace_back(rows.key());
    for (const auto& key : stale)
      within.erase(table, key);
  }
}

/// One kind of record: where it lives, and which tables index it.
struct record_home {
  lmdb::database records;
  std::vector<lmdb::database> indexes;
};

record_home home_of(const schemas::image_import*, const tables& where) {
  return {where.imports,
          {where.imports_by_project, where.imports_by_expiry, where.imports_by_image, where.live_imports}};
}
record_home home_of(const schemas::image*, const tables& where) {
  return {where.images, {where.image_listings}};
}

/// Takes the index from what the old record has (`rows_before` says which) to `wanted`, touching only rows that differ.
/// Says whether there was an old record.
template <class Record, class RowsBefore>
bool replace_rows(std::string_view id, const std::vector<row>& wanted, lmdb::write_transaction& within,
                  const tables& where, RowsBefore rows_before) {
  constexpr const Record* kind = nullptr;
  const auto home = home_of(kind, where);
  std::vector<row> present;
  const auto old = within.get(home.records, id);
  const bool existed = old.has_value();
  if (existed) {
    if (const auto record = decode(*old, kind))
      present = rows_before(*record);
    else
      erase_rows_of_unreadable(id, within, home.indexes);
  }
  std::vector<row> stale, fresh;
  std::set_difference(present.begin(), present.end(), wanted.begin(), wanted.end(), std::back_inserter(stale));
  std::set_difference(wanted.begin(), wanted.end(), present.begin(), present.end(), std::back_inserter(fresh));
  for (const auto& gone : stale)
    within.erase(gone.table, gone.key);
  for (const auto& added : fresh)
    within.put(added.table, added.key, added.value);
  return existed;
}

std::optional<schemas::image> read_image(const lmdb::transaction& within, const tables& where, std::string_view id) {
  const auto bytes = within.get(where.images, id);
  if (!bytes)
    return std::nullopt;
  auto record = schemas::decode_image(*bytes);
  return record ? std::optional{std::move(*record)} : std::nullopt;
}

struct checker {
  const lmdb::write_transaction& within;
  const tables& where;
  std::set<std::string_view> put_here, erased_here;  ///< images: what this very set does before the change at hand

  result<void> operator()(const put_import& change) const {
    return check_names(change.record.id, change.record.project_id);
  }
  result<void> operator()(const erase_import&) const { return {}; }
  result<void> operator()(const put_image& change) {
    if (erased_here.contains(change.record.id) || within.get(where.erased_images, change.record.id))
      return schemas::refuse(error_code::conflict,
                             "An image with this id existed and was deleted; ids are never used again. "
                             "Import the image anew: it gets a new id.");
    put_here.insert(change.record.id);
    if (auto named = check_names(change.record.id, change.record.owner); !named)
      return named;
    return check_quota(read_image(within, where, change.record.id), change.record, change.quota, within, where);
  }
  result<void> operator()(const put_member& change) const {
    const auto& id = change.record.image_id;
    if (erased_here.contains(id) || (!put_here.contains(id) && !within.get(where.images, id)))
      return schemas::refuse(error_code::conflict, "There is no such image to share.");
    if (change.record.member_id.empty())
      return schemas::refuse(error_code::invalid_request, "A member is a project; its id is empty.");
    return check_names(id, change.record.member_id);
  }
  result<void> operator()(const erase_member&) const { return {}; }
  result<void> operator()(const put_metadef& change) const { return check(change, within, where); }
  result<void> operator()(const erase_metadef& change) const { return check(change, within, where); }
  result<void> operator()(const erase_image& change) {
    if (put_here.contains(change.id) || within.get(where.images, change.id))
      erased_here.insert(change.id);
    return {};
  }
};

struct applier {
  lmdb::write_transaction& within;
  const tables& where;

  void operator()(const put_import& change) const {
    replace(change.record.id, rows_of(change.record, where));
    within.put(where.imports, change.record.id, schemas::encode(change.record));
  }
  void operator()(const erase_import& change) const {
    if (replace(change.id, {}))
      within.erase(where.imports, change.id);
  }
  void operator()(const put_image& change) const {
    const auto members = read_members(within, where, change.record.id);
    count_change(read_image(within, where, change.record.id), change.record, within, where);
    replace(change.record.id, members, rows_of(change.record, members, where));
    within.put(where.images, change.record.id, schemas::encode(change.record));
  }
  void operator()(const put_metadef& change) const { apply(change, within, where); }
  void operator()(const erase_metadef& change) const { apply(change, within, where); }
  void operator()(const erase_image& change) const {
    const auto members = read_members(within, where, change.id);
    count_change(read_image(within, where, change.id), std::nullopt, within, where);
    if (!replace(change.id, members, {}))
      return;
    within.erase(where.images, change.id);
    within.put(where.erased_images, change.id, {});
    for (const auto& key : keys_of_members(within, where, change.id))
      within.erase(where.members, key);
  }
  void operator()(const put_member& change) const {
    const auto& record = change.record;
    const auto before = read_members(within, where, record.image_id);
    within.put(where.members, key_of_member(record.image_id, record.member_id), schemas::encode(record));
    list_again(record.image_id, before);
  }
  void operator()(const erase_member& change) const {
    if (change.key.image_id.size() > longest_id || change.key.member_id.size() > longest_project)
      return;
    const auto before = read_members(within, where, change.key.image_id);
    if (within.erase(where.members, key_of_member(change.key.image_id, change.key.member_id)))
      list_again(change.key.image_id, before);
  }

 private:
  using member_list = std::vector<schemas::image_member>;

  bool replace(std::string_view id, const std::vector<row>& wanted) const {
    return replace_rows<schemas::image_import>(
        id, wanted, within, where, [&](const schemas::image_import& record) { return rows_of(record, where); });
  }
  bool replace(std::string_view id, const member_list& before, const std::vector<row>& wanted) const {
    return replace_rows<schemas::image>(id, wanted, within, where,
                                        [&](const schemas::image& record) { return rows_of(record, before, where); });
  }
  /// The members changed, the image did not.
  void list_again(const std::string& image_id, const member_list& before) const {
    const auto bytes = within.get(where.images, image_id);
    if (!bytes)
      return;
    if (const auto record = schemas::decode_image(*bytes))
      replace(image_id, before, rows_of(*record, read_members(within, where, image_id), where));
  }
};

}  // namespace

result<void> check(const change_set& set, const lmdb::write_transaction& within, const tables& where) {
  checker checks{within, where, {}, {}};
  for (const auto& each : set)
    if (auto outcome = std::visit(checks, each); !outcome)
      return outcome;
  return {};
}

void apply(const change_set& set, lmdb::write_transaction& within, const tables& where) {
  const applier applies{within, where};
  for (const auto& each : set)
    std::visit(applies, each);
}

}  // namespace sluice::persistence
