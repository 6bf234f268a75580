// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "actors/verification/checks/verification.hpp"
#include "persistence/unique_fd.hpp"

namespace sluice::actors {

/// What a check has of the image that it judges.
struct judged_image {
  verification_request about;
  std::shared_ptr<const persistence::unique_fd> file;  ///< the staged bytes, open for reading; never null
};

/// One way of judging an image: the structure walk, a program of the operator's, a virus scanner, … The verifier runs
/// them one after the other, in the order in which it was given them, and stops at the first that does not pass.
///
/// Called by actors: it returns at once, and what blocks goes to the sandbox or to a thread of the check's own. It sees
/// to its own deadline: every start comes to an end.
class check {
 public:
  check() = default;
  check(const check&) = delete;
  check& operator=(const check&) = delete;
  virtual ~check() = default;

  /// As it appears in records and metrics; short, does not change.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Whether it has anything to say about such an image; one that has not is passed over, and leaves no trace.
  [[nodiscard]] virtual bool concerns(const verification_request&) const { return true; }
  /// Judges `image`. `on_end` is called exactly once, from any thread, also before `start` returns. What is returned
  /// cancels it: may be called from any thread, at any time, more than once; `on_end` follows all the same, soon.
  [[nodiscard]] virtual std::function<void()> start(const judged_image& image,
                                                    std::function<void(check_report)> on_end) = 0;
};

}  // namespace sluice::actors
