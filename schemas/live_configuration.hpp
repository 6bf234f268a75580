// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/configuration.hpp"

namespace sluice::schemas {

/// The configuration in force, which an operator changes while the service runs: by a patch of `[bandwidth]`, or by
/// reading the file again. Changes happen one after the other; each is told to the parts it concerns before the next
/// begins, so what is in force is always what was said last. From any thread.
class live_configuration {
 public:
  /// How the parts are told. Called one at a time; must not block, and not come back here.
  struct listeners {
    std::function<void(const bandwidth_configuration&)> bandwidth;
    std::function<void(const imports_configuration&)> imports;
  };

  explicit live_configuration(configuration at_start) : current_{std::move(at_start)} {}

  /// From now on these are told. Until then nobody is.
  void tell(listeners parts);
  [[nodiscard]] configuration current() const;

  /// Puts a JSON merge patch of `[bandwidth]` in force, until the file is read again; see patch_bandwidth. A refused
  /// one changes nothing.
  [[nodiscard]] result<void> patch(std::string_view json);
  /// Puts `[bandwidth]` and `[imports]` of a configuration read again in force, patches forgotten. Returns the names of
  /// the other sections that differ from those the service started with: they take effect only at the next start.
  std::vector<std::string> replace(const configuration& fresh);

 private:
  mutable std::mutex mutex_;
  configuration current_;
  listeners parts_;
};

}  // namespace sluice::schemas
