// SPDX-License-Identifier: Apache-2.0
#include "persistence/record_store.hpp"

#include <spdlog/spdlog.h>

#include "persistence/impl/files.hpp"
#include "persistence/impl/open_records.hpp"
#include "persistence/impl/record_writer.hpp"
#include "persistence/impl/rows.hpp"
#include "persistence/impl/usage_rows.hpp"

namespace sluice::persistence {

using schemas::result;

record_store::record_store() : implementation_{std::make_unique<implementation>()} {}
record_store::~record_store() = default;

result<std::unique_ptr<record_store>> record_store::open(const std::filesystem::path& directory,
                                                         std::uint64_t map_bytes) {
  if (auto made = open_private_directory(directory); !made)
    return schemas::unexpected{std::move(made.error())};
  auto environment = lmdb::environment::open(directory / "records.mdb", map_bytes);
  if (!environment)
    return schemas::unexpected{std::move(environment.error())};
  auto where = open_tables(**environment);
  if (!where)
    return schemas::unexpected{std::move(where.error())};
  std::unique_ptr<record_store> store{new record_store};
  store->implementation_->environment = std::move(*environment);
  store->implementation_->where = *where;
  return store;
}

std::optional<schemas::image_import> record_store::find_import(std::string_view id) const {
  return implementation_->import(implementation_->environment->read(), id);
}

std::optional<schemas::image> record_store::find_image(std::string_view id) const {
  return implementation_->image(implementation_->environment->read(), id);
}

bool record_store::has_image(std::string_view id) const {
  return implementation_->environment->read().get(implementation_->where.images, id).has_value();
}

std::optional<schemas::image_member> record_store::find_member(std::string_view image_id,
                                                               std::string_view member_id) const {
  return implementation_->member(implementation_->environment->read(), image_id, member_id);
}

project_usage record_store::usage_of(std::string_view project) const {
  return read_usage(implementation_->environment->read(), implementation_->where, project);
}

std::vector<schemas::image_member> record_store::members_of(std::string_view image_id) const {
  return read_members(implementation_->environment->read(), implementation_->where, image_id);
}

std::vector<schemas::image_import> record_store::live_imports() const {
  const auto snapshot = implementation_->environment->read();
  std::vector<schemas::image_import> found;
  lmdb::cursor rows{snapshot, implementation_->where.live_imports};
  for (auto standing = rows.first(); standing; standing = rows.next())
    if (auto record = implementation_->import(snapshot, id_of_position(rows.key())))
      found.push_back(std::move(*record));
  return found;
}

std::vector<std::string> record_store::expired_imports(schemas::time_point now, std::uint32_t limit) const {
  const auto snapshot = implementation_->environment->read();
  std::vector<std::string> found;
  lmdb::cursor rows{snapshot, implementation_->where.imports_by_expiry};
  for (auto standing = rows.first(); standing && found.size() < limit && time_of_position(rows.key()) <= now;
       standing = rows.next())
    found.emplace_back(id_of_position(rows.key()));
  return found;
}

std::optional<schemas::time_point> record_store::next_expiry() const {
  const auto snapshot = implementation_->environment->read();
  lmdb::cursor rows{snapshot, implementation_->where.imports_by_expiry};
  if (!rows.first())
    return std::nullopt;
  return time_of_position(rows.key());
}

std::vector<result<void>> record_store::commit(const std::vector<change_set>& sets) {
  std::vector<result<void>> outcomes(sets.size());
  try {
    auto changes = implementation_->environment->write();
    bool changed = false;
    for (std::size_t index = 0; index < sets.size(); ++index) {
      outcomes[index] = check(sets[index], changes, implementation_->where);
      if (outcomes[index]) {
        apply(sets[index], changes, implementation_->where);
        changed = true;
      }
    }
    if (changed)
      changes.commit();
    return outcomes;
  } catch (const lmdb::storage_fault& fault) {
    if (sets.size() == 1) {
      outcomes.front() = schemas::unexpected{fault.explain()};
      return outcomes;
    }
  } catch (const std::exception& fault) {
    if (sets.size() == 1) {
      spdlog::error("persistence: event=unwritable-record why=\"{}\"", fault.what());
      outcomes.front() =
          schemas::refuse(schemas::error_code::internal_error, "The record could not be put into writing.");
      return outcomes;
    }
  }
  // The transaction is rolled back. One set may have hurt the others (the map is full for it alone): each on its own.
  for (std::size_t index = 0; index < sets.size(); ++index)
    outcomes[index] = std::move(commit({sets[index]}).front());
  return outcomes;
}

}  // namespace sluice::persistence
