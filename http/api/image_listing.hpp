// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/api/image_order.hpp"
#include "http/api/image_selection.hpp"
#include "http/server/target.hpp"
#include "persistence/record_store.hpp"
#include "schemas/failure.hpp"
#include "schemas/image.hpp"

/// The query of GET /v2/images as Glance reads it: which images, in which order, from where on. What the records
/// can select themselves goes into `query`; the rest is a test on each row. Pure functions.
namespace sluice::http {

struct image_listing {
  persistence::image_query query;  ///< owner and visibility rules of the caller included
  std::vector<image_filter> filters;
  image_orders order;  ///< at least one; `id` decides between equals
  std::uint32_t limit = 0;
  std::optional<std::string> marker;

  /// The records themselves come in the wanted order.
  [[nodiscard]] bool in_record_order() const {
    return order.size() == 1 && order.front().column == image_column::created_at;
  }
  /// A row that may match does.
  [[nodiscard]] bool decided_by_rows() const {
    return std::ranges::all_of(filters, [](const auto& filter) { return filter.column.has_value(); });
  }
};

/// Failures name the parameter.
[[nodiscard]] schemas::result<image_listing> parse_image_listing(const query_pairs& pairs,
                                                                 const schemas::identity& who);

}  // namespace sluice::http
