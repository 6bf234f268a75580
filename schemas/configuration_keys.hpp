// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "schemas/configuration.hpp"
#include "schemas/configuration_readers.hpp"

/// The keys of the configuration, each with what it fills. The one list: reading, the names of unknown keys' neighbours
/// and the test of sluice.toml all come from it.
namespace sluice::schemas {

struct configuration_key {
  std::string_view name;  ///< "imports.max_running"
  configuration_readers::outcome (*read)(const toml::node& from, configuration& to);
};

/// All settings, in the order of sluice.toml.
[[nodiscard]] std::span<const configuration_key> configuration_keys() noexcept;

/// Is `name` a table that holds settings, such as "auth" or "auth.keystone"?
[[nodiscard]] bool is_configuration_section(std::string_view name) noexcept;

/// The settings directly inside `section`, for messages: "max_running, retries".
[[nodiscard]] std::string keys_of_section(std::string_view section);

/// What came, for a message: "the string abc". Secrets are named by their type only; `key` tells which those are.
[[nodiscard]] std::string describe_value(const toml::node& value, std::string_view key);

}  // namespace sluice::schemas
