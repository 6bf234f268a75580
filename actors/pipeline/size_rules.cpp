// SPDX-License-Identifier: Apache-2.0
#include "actors/pipeline/size_rules.hpp"

#include <algorithm>
#include <string>

namespace sluice::actors {

namespace {

using schemas::error_code;

std::string bytes_of(std::uint64_t count) {
  return std::to_string(count) + " bytes";
}

tl::unexpected<schemas::failure> too_large(const std::string& what, std::uint64_t most) {
  return schemas::refuse(error_code::image_too_large, what + ", and this service takes images of at most " +
                                                          bytes_of(most) + ". Make the image smaller.");
}

tl::unexpected<schemas::failure> mismatch(std::uint64_t expected, const std::string& came) {
  return schemas::refuse(error_code::size_mismatch, "Expected an image of " + bytes_of(expected) + ", but " + came +
                                                        ". Check the location, and expect.size of the request.");
}

}  // namespace

schemas::result<void> size_rules::announced(std::uint64_t total) const {
  if (expected_ && total != *expected_)
    return mismatch(*expected_, "the source announced " + bytes_of(total));
  if (total > max_image_size_)
    return too_large("The source announced " + bytes_of(total), max_image_size_);
  return {};
}

schemas::result<void> size_rules::received(std::uint64_t bytes, std::optional<std::uint64_t> total) const {
  if (expected_ && bytes > *expected_)
    return mismatch(*expected_, "the source sent more");
  if (bytes > max_image_size_)
    return too_large("The source sent more than " + bytes_of(max_image_size_), max_image_size_);
  if (total && bytes > *total)
    return schemas::refuse(error_code::source_protocol, "The source announced " + bytes_of(*total) +
                                                            " and sent more. Ask its operator, or use another source.");
  return {};
}

schemas::result<void> size_rules::complete(std::uint64_t bytes) const {
  if (expected_ && bytes != *expected_)
    return mismatch(*expected_, "the source sent " + bytes_of(bytes));
  return {};
}

std::uint64_t size_rules::most_to_read(std::uint64_t received, std::optional<std::uint64_t> total) const noexcept {
  auto most = max_image_size_;
  if (expected_)
    most = std::min(most, *expected_);
  if (total)
    most = std::min(most, *total);
  return most < received ? 1 : most - received + (most == ~std::uint64_t{0} ? 0 : 1);
}

}  // namespace sluice::actors
