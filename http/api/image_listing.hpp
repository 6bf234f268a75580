// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server/target.hpp"
#include "persistence/record_store.hpp"
#include "schemas/failure.hpp"
#include "schemas/image.hpp"

/// The query of GET /v2/images as Glance reads it: which images, in which order, from where on. What the records
/// can select themselves goes into `query`; the rest is a test on each record. Pure functions.
namespace sluice::http {

/// One test: the attribute equals one of the values (or compares with the one value of a time).
struct image_filter {
  enum class comparison : std::uint8_t { any_of, all_tags, at_least, at_most, less, greater, differs };
  std::string attribute;
  comparison test = comparison::any_of;
  std::vector<std::string> values;
};

struct image_order {
  std::string attribute = "created_at";
  bool ascending = false;
};

struct image_listing {
  persistence::image_query query;  ///< owner and visibility rules of the caller included
  std::vector<image_filter> filters;
  std::vector<image_order> order;  ///< at least one; `id` decides between equals
  std::uint32_t limit = 0;
  std::optional<std::string> marker;

  /// The records themselves come in the wanted order.
  [[nodiscard]] bool in_record_order() const { return order.size() == 1 && order.front().attribute == "created_at"; }
};

/// Failures name the parameter.
[[nodiscard]] schemas::result<image_listing> parse_image_listing(const query_pairs& pairs,
                                                                 const schemas::identity& who);

[[nodiscard]] bool matches(const image_filter& filter, const schemas::image& record);
/// Strict weak order by the listing's keys, then by id.
[[nodiscard]] bool comes_before(const std::vector<image_order>& order, const schemas::image& left,
                                const schemas::image& right);

}  // namespace sluice::http
