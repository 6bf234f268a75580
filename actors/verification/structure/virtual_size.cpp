// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/virtual_size.hpp"

#include <string>

namespace sluice::actors::verification::structure {

schemas::result<void> check_virtual_size(std::uint64_t virtual_size, const walk_policy& policy) {
  if (virtual_size == 0)
    return schemas::refuse(schemas::error_code::virtual_size_invalid,
                           "The image's header gives the disk a size of 0. The header is damaged or forged: get the "
                           "image anew.");
  if (policy.max_virtual_size != 0 && virtual_size > policy.max_virtual_size)
    return schemas::refuse(
        schemas::error_code::virtual_size_too_large,
        "The image has a virtual size of " + std::to_string(virtual_size) + " bytes; at most " +
            std::to_string(policy.max_virtual_size) +
            " are accepted here. Shrink it with 'qemu-img resize --shrink', or ask the operator for more.");
  return {};
}

}  // namespace sluice::actors::verification::structure
