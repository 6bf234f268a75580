// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "schemas/failure.hpp"

namespace sluice::actors::verification::structure::vmdk {

/// `what` is the second half of a sentence: what is wrong with the file.
[[nodiscard]] inline schemas::unexpected<schemas::failure> damaged(std::string_view what) {
  return schemas::refuse(schemas::error_code::image_corrupt,
                         "The VMDK is damaged: " + std::string{what} +
                             ". Get it anew, or write it afresh with 'qemu-img convert -O vmdk -o "
                             "subformat=streamOptimized IMAGE NEW'.");
}

}  // namespace sluice::actors::verification::structure::vmdk
