// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/import/import_progress.hpp"
#include "schemas/failure.hpp"
#include "schemas/image_import.hpp"

/// Giving an image that has passed every check in another format.
namespace sluice::actors {

struct conversion_request {
  std::string import_id;
  std::string image_id;
  std::string from;                ///< disk format of the staged bytes, as detected
  std::string to;                  ///< raw | qcow2
  std::uint64_t size = 0;          ///< bytes of the staged file
  std::uint64_t virtual_size = 0;  ///< bytes the guest sees, exactly
  std::uint64_t allocated = 0;     ///< bytes of the guest's disk that the file holds data for; 0 when not known
  std::uint64_t max_virtual_size = 0;
};

struct conversion_outcome {
  schemas::failure why{schemas::error_code::none, ""};  ///< `none`: it is done
  schemas::content_facts facts;                         ///< of what was made; how it came about is not said
};

/// Makes the bytes of an import into another format. What is made is staged under the image's own id, durable before
/// the end is told; when it fails or is cancelled, nothing of it is left. Called by actors: nothing here waits.
class image_conversion {
 public:
  image_conversion() = default;
  image_conversion(const image_conversion&) = delete;
  image_conversion& operator=(const image_conversion&) = delete;
  virtual ~image_conversion() = default;

  /// What an image of this format is to become: "" when it stays as it is. `asked` is the caller's wish, "" for none;
  /// it goes before the operator's. `conversion_failed` when what is asked for cannot be had of such an image.
  [[nodiscard]] virtual schemas::result<std::string> target_of(const std::string& disk_format,
                                                               const std::string& asked) const = 0;
  /// `on_end` is called exactly once, from any thread.
  virtual void start(conversion_request request, std::shared_ptr<import_progress> progress,
                     std::function<void(conversion_outcome)> on_end) = 0;
  /// It ends as cancelled, soon; one that is not known is none to cancel.
  virtual void cancel(const std::string& import_id) = 0;
};

}  // namespace sluice::actors
