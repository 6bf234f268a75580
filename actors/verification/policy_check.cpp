// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/policy_check.hpp"

#include <algorithm>
#include <utility>

#include "actors/verification/refusals.hpp"

namespace sluice::actors::verification {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

policy_check::policy_check(inspection_policy policy) : policy_{std::move(policy)}, declared_{policy_.declared_format} {
  if (declared_ == "vpc")
    declared_ = "vhd";  // QEMU's name of the format that Glance calls vhd
}

bool policy_check::allowed(std::string_view format) const {
  return policy_.formats.empty() ||
         std::find(policy_.formats.begin(), policy_.formats.end(), format) != policy_.formats.end();
}

result<void> policy_check::check_named(std::string_view format, std::string_view title) const {
  if (declared_ && *declared_ != format)
    return refuse_mismatch(*declared_, title, format);
  if (!allowed(format))
    return refuse_format(format, title, policy_.formats);
  return {};
}

result<void> policy_check::check_size(std::uint64_t virtual_size) const {
  if (virtual_size == 0)
    return refuse(error_code::virtual_size_invalid,
                  "The image has a virtual size of 0 bytes. Give an image that holds a disk.");
  if (policy_.max_virtual_size != 0 && virtual_size > policy_.max_virtual_size)
    return refuse(error_code::virtual_size_too_large,
                  "The image has a virtual size of " + std::to_string(virtual_size) + " bytes; at most " +
                      std::to_string(policy_.max_virtual_size) +
                      " are accepted here. Shrink it with 'qemu-img resize --shrink', or ask the operator for more.");
  return {};
}

}  // namespace sluice::actors::verification
