// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::schemas {

/// The dialect in which an import was asked for. The engine is the same; what differs is whose image record it ends in,
/// and how it is shown.
enum class import_origin : std::uint8_t {
  image_imports,  ///< POST /v2/image-imports: the image appears when the import has succeeded
  task,           ///< POST /v2/tasks: likewise
  interoperable,  ///< POST /v2/images/{id}/import: into an image that is there already
  upload,         ///< PUT /v2/images/{id}/file: likewise
  stage,          ///< PUT /v2/images/{id}/stage: likewise, and it waits for its bytes to be imported
};

inline constexpr std::array import_origins{import_origin::image_imports, import_origin::task,
                                           import_origin::interoperable, import_origin::upload, import_origin::stage};

/// The image has a record of its own, made before the import and outliving its failure.
[[nodiscard]] constexpr bool fills_an_image(import_origin origin) noexcept {
  return origin == import_origin::interoperable || origin == import_origin::upload || origin == import_origin::stage;
}

[[nodiscard]] constexpr std::string_view to_string(import_origin origin) noexcept {
  switch (origin) {
    case import_origin::image_imports: return "image_imports";
    case import_origin::task: return "task";
    case import_origin::interoperable: return "interoperable";
    case import_origin::upload: return "upload";
    case import_origin::stage: return "stage";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::optional<import_origin> import_origin_from(std::string_view name) noexcept {
  for (const auto origin : import_origins)
    if (to_string(origin) == name)
      return origin;
  return std::nullopt;
}

}  // namespace sluice::schemas
