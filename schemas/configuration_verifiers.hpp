// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "schemas/configuration.hpp"
#include "schemas/configuration_readers.hpp"

/// `[[verify.command]]`: one table a program.
namespace sluice::schemas {

inline constexpr std::array verify_command_keys{"name",   "program", "arguments", "time",
                                                "memory", "formats", "readable",  "on_failure"};

[[nodiscard]] configuration_readers::outcome read_verify_command(const toml::node& from, verify_command& to);

}  // namespace sluice::schemas
