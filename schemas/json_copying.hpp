// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schemas/json_value.hpp"
#include "schemas/json_writing.hpp"

namespace sluice::schemas {

/// What was read, to be written again: same members, same order, numbers that fit as they were.
[[nodiscard]] json_writer copy_of(const json_value& value);
/// Text that was written by this service; null where it is none.
[[nodiscard]] json_writer copy_of_text(std::string_view json);

}  // namespace sluice::schemas
