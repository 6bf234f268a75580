// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/unpacking.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::actors::verification::packaging {

unpacking::unpacking(packing kind, const unpacking_limits& limits)
    : kind_{kind}, limits_{limits}, inner_{make_unpacker(kind)} {}

schemas::result<unpacked_step> unpacking::step(formats::bytes_view input, std::span<std::byte> output) {
  auto done = inner_->step(input, output);
  if (!done)
    return done;
  consumed_ += done->consumed;
  produced_ += done->produced;
  schemas::result<void> judged;
  if (front_seen_ < front_.size() && done->produced > 0) {
    const auto part = output.first(std::min(done->produced, front_.size() - front_seen_));
    std::copy(part.begin(), part.end(), front_.begin() + static_cast<std::ptrdiff_t>(front_seen_));
    front_seen_ += part.size();
    if (front_seen_ == front_.size())
      judged = check_layer();
  }
  if (judged)
    judged = check_amount();
  if (!judged)
    return tl::unexpected{std::move(judged.error())};
  return done;
}

schemas::result<void> unpacking::finish() {
  if (auto ended = inner_->finish(); !ended)
    return ended;
  return front_seen_ < front_.size() ? check_layer() : schemas::result<void>{};
}

schemas::result<void> unpacking::check_amount() const {
  if (produced_ > limits_.most_output)
    return schemas::refuse(schemas::error_code::image_too_large,
                           "The image that is inside " + std::string{title_of(kind_)} + " has more than " +
                               std::to_string(limits_.most_output) +
                               " bytes, which is the most that this service takes. Make the image smaller.");
  if (produced_ > limits_.ratio_floor && produced_ / limits_.most_ratio >= std::max<std::uint64_t>(consumed_, 1))
    return refuse_packed(
        kind_, "more than " + std::to_string(limits_.most_ratio) + " bytes come out of it for each byte that it has");
  return {};
}

schemas::result<void> unpacking::check_layer() const {
  const auto again = sniff(std::span{front_}.first(front_seen_));
  if (!again)
    return {};
  return refuse_packed(kind_, "what is inside is packed again, in " + std::string{title_of(*again)} +
                                  ", and only one layer is taken off");
}

}  // namespace sluice::actors::verification::packaging
