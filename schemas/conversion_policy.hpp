// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "schemas/configuration.hpp"

/// What may be asked for when an image is to be converted.
namespace sluice::schemas {

[[nodiscard]] bool can_be_executed(const std::filesystem::path& program) noexcept;

/// `wish` is a request's convert_to: "", raw or qcow2. Refused as `invalid_request` when the operator keeps images in
/// another format, or nothing here can convert.
[[nodiscard]] result<void> check_conversion_wish(const std::string& wish, const verify_configuration& verify);

}  // namespace sluice::schemas
