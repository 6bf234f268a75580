// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/failure.hpp"

namespace sluice::actors::verification::packaging {

/// The one disk that an OVF package describes.
struct ovf_disk {
  std::string href;                   ///< the member that holds it: a plain name, never a path or URL
  std::uint64_t capacity = 0;         ///< bytes that the guest sees; more than 0
  std::optional<std::uint64_t> size;  ///< bytes of the member, when the descriptor says it
  std::string format;                 ///< the URL that names the disk's format; only ever compared

  friend bool operator==(const ovf_disk&, const ovf_disk&) = default;
};

/// Reads an OVF descriptor (DMTF DSP0243 2.1, sections 7.1 and 9.1) for its disk. At most 1 MiB of UTF-8, 64 elements
/// deep; a document type declaration, and with it every entity of one's own, is refused before anything is read.
/// Nothing that the descriptor names is opened. Errors: `unpacking_failed`, `differencing_disk`.
[[nodiscard]] schemas::result<ovf_disk> read_ovf_descriptor(std::string_view text);

}  // namespace sluice::actors::verification::packaging
