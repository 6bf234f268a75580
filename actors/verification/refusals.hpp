// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/verification/formats/foreign.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification {

/// The sentences of refusals that do not depend on one format. Every one says what came and what to do.

/// The bits are two things at once; both arguments read like "a qcow2 image".
[[nodiscard]] schemas::result<void> refuse_ambiguous(std::string_view one, std::string_view other);

/// The bits are not what the user declared. `format` is the `disk_format` they have, empty when they have none.
[[nodiscard]] schemas::result<void> refuse_mismatch(std::string_view declared, std::string_view title,
                                                    std::string_view format);

/// The operator does not take this format.
[[nodiscard]] schemas::result<void> refuse_format(std::string_view format, std::string_view title,
                                                  const std::vector<std::string>& allowed);

/// The bits are no disk image: something known by name, or nothing known at all.
[[nodiscard]] schemas::result<void> refuse_content(const std::optional<formats::foreign_content>& content);

}  // namespace sluice::actors::verification
