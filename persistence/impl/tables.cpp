// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/tables.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "persistence/impl/rows.hpp"
#include "persistence/impl/usage_rows.hpp"
#include "schemas/json.hpp"

namespace sluice::persistence {
namespace {

constexpr std::string_view version_key = "schema_version";
/// 1: rows of image listings had text for values, and there were no members. 2: rows had other traits.
constexpr unsigned int current_version = 3;

/// 0 when the text is not a version.
unsigned int parse_version(std::string_view text) {
  unsigned int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  return error == std::errc{} && end == text.data() + text.size() ? version : 0;
}

void erase_all(lmdb::write_transaction& changes, lmdb::database table) {
  std::vector<std::string> stale;
  lmdb::cursor rows{changes, table};
  for (auto standing = rows.first(); standing; standing = rows.next())
    stale.emplace_back(rows.key());
  for (const auto& key : stale)
    changes.erase(table, key);
}

/// Writes every row that is made of images anew, from the records; in the order of creation, so that the rows of a
/// listing lie one behind the other as if they had been written then.
void list_images_again(lmdb::write_transaction& changes, const tables& where) {
  erase_all(changes, where.image_listings);
  erase_all(changes, where.usage);
  std::vector<schemas::image> images;
  lmdb::cursor records{changes, where.images};
  for (auto standing = records.first(); standing; standing = records.next())
    if (auto image = schemas::decode_image(records.value()))
      images.push_back(std::move(*image));
  std::ranges::sort(images, {}, &schemas::image::created_at);
  for (const auto& image : images) {
    for (const auto& each : rows_of(image, read_members(changes, where, image.id), where))
      changes.put(each.table, each.key, each.value);
    count_change(std::nullopt, image, changes, where);
  }
}

}  // namespace

schemas::result<tables> open_tables(lmdb::environment& where) {
  try {
    auto changes = where.write();
    tables opened;
    opened.meta = changes.open_database("meta");
    if (const auto found = changes.get(opened.meta, version_key)) {
      const auto version = parse_version(*found);
      if (version == 0)
        return schemas::refuse(schemas::error_code::store_failed,
                               "The record file does not say which version it has: it is damaged. "
                               "Restore it from a backup, or move it away to start empty.");
      if (version > current_version)
        return schemas::refuse(schemas::error_code::store_failed,
                               "The record file was written by a newer version of Sluice (its layout is " +
                                   std::to_string(version) + ", this program reads up to " +
                                   std::to_string(current_version) +
                                   "). Start the newer version, or restore a backup made before it.");
      opened.is_older = version < current_version;
    } else {
      changes.put(opened.meta, version_key, std::to_string(current_version));
    }
    opened.imports = changes.open_database("imports");
    opened.imports_by_project = changes.open_database("imports_by_project");
    opened.imports_by_expiry = changes.open_database("imports_by_expiry");
    opened.imports_by_image = changes.open_database("imports_by_image");
    opened.live_imports = changes.open_database("live_imports");
    opened.images = changes.open_database("images");
    opened.image_listings = changes.open_database("image_listings");
    opened.erased_images = changes.open_database("erased_images");
    opened.members = changes.open_database("members");
    opened.usage = changes.open_database("usage");
    if (opened.is_older) {
      list_images_again(changes, opened);
      changes.put(opened.meta, version_key, std::to_string(current_version));
    }
    opened.metadef_heads = changes.open_database("metadef_heads");
    opened.metadef_contents = changes.open_database("metadef_contents");
    changes.commit();
    return opened;
  } catch (const lmdb::storage_fault& fault) {
    return schemas::unexpected{fault.explain()};
  }
}

}  // namespace sluice::persistence
