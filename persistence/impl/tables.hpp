// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "persistence/impl/lmdb.hpp"
#include "schemas/failure.hpp"

/// The tables of the record file, as persistence/README.md draws them.
namespace sluice::persistence {

struct tables {
  lmdb::database meta = 0;
  lmdb::database imports = 0;
  lmdb::database imports_by_project = 0;
  lmdb::database imports_by_expiry = 0;
  lmdb::database imports_by_image = 0;
  lmdb::database live_imports = 0;
  lmdb::database images = 0;
  lmdb::database image_listings = 0;
  lmdb::database erased_images = 0;
  lmdb::database members = 0;
  lmdb::database usage = 0;
  bool is_older = false;  ///< the file had an older layout and was brought up to this one
  lmdb::database metadef_heads = 0;
  lmdb::database metadef_contents = 0;
};

/// Opens every table, creating what is absent. A record file of a newer version is refused, in words.
[[nodiscard]] schemas::result<tables> open_tables(lmdb::environment& where);

}  // namespace sluice::persistence
