// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"

/// The body of POST /v2/images/{id}/import: Glance's interoperable import.
namespace sluice::schemas {

/// What the service keeps about an import in its image while it runs and after it failed; Glance's names.
namespace import_marks {
inline constexpr std::string_view task = "os_glance_import_task";
inline constexpr std::string_view stores_left = "os_glance_importing_to_stores";
inline constexpr std::string_view stores_failed = "os_glance_failed_import";
}  // namespace import_marks

/// With one store copy-image has nothing to copy; clients that ask for a copy to all stores find it done.
enum class import_method : std::uint8_t { glance_direct, web_download, glance_download, copy_image };

[[nodiscard]] constexpr std::string_view to_string(import_method method) noexcept {
  switch (method) {
    case import_method::glance_direct: return "glance-direct";
    case import_method::web_download: return "web-download";
    case import_method::glance_download: return "glance-download";
    case import_method::copy_image: return "copy-image";
  }
  return "unknown";
}

/// An image at the cloud's image service in another region: of glance-download.
struct region_image {
  std::string image_id;
  std::string region;
  std::string interface = "public";
};

struct interoperable_import {
  import_method method = import_method::web_download;
  std::string location;     ///< normalised; of web-download
  region_image remote;      ///< of glance-download
  bool all_stores = false;  ///< rather than named ones, or none
  std::string asked;        ///< the whole body again (JSON), credentials taken out
};

/// Refused: methods that are not served, a web-download without a `uri` that the operator's rules let through, a
/// glance-download without region or with an id that is no UUID, stores
/// other than the one there is (conflict), `stores` together with `all_stores`, `all_stores_must_succeed` = false with
/// but one store. `store_field` is the header X-Image-Meta-Store, empty when it was not sent.
[[nodiscard]] result<interoperable_import> parse_interoperable_import(std::string_view body,
                                                                      std::string_view store_field,
                                                                      const sources_configuration& sources);

}  // namespace sluice::schemas
