// SPDX-License-Identifier: Apache-2.0
#include "schemas/conversion_policy.hpp"

#include <unistd.h>

#include <system_error>

namespace sluice::schemas {

bool can_be_executed(const std::filesystem::path& program) noexcept {
  std::error_code failed;
  return program.is_absolute() && std::filesystem::is_regular_file(program, failed) &&
         ::access(program.c_str(), X_OK) == 0;
}

result<void> check_conversion_wish(const std::string& wish, const verify_configuration& verify) {
  if (wish.empty())
    return {};
  if (!verify.convert_to.empty() && wish != verify.convert_to)
    return refuse(error_code::invalid_request,
                  "Expected no convert_to, or " + verify.convert_to + ": the operator keeps all disks in that format.",
                  "/convert_to");
  if (!can_be_executed(verify.converter))
    return refuse(error_code::invalid_request,
                  "Expected no convert_to: images cannot be converted here. Import the image as it is.", "/convert_to");
  return {};
}

}  // namespace sluice::schemas
