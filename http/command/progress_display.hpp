// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "http/command/progress_line.hpp"

namespace sluice::command {

/// Shows how a transfer goes: one line that is redrawn on a terminal (at most ten times a second, the cursor hidden
/// meanwhile and always brought back), a line now and then elsewhere (when the state changes, and every five seconds),
/// nothing when silent.
class progress_display {
 public:
  enum class manner { bar, lines, silent };

  /// A bar when `where` is a terminal; else `otherwise`.
  progress_display(std::FILE* where, manner otherwise);
  progress_display(const progress_display&) = delete;
  progress_display& operator=(const progress_display&) = delete;
  ~progress_display() { clear(); }

  void show(const progress_view& shown);
  /// Takes the bar away: what is printed next starts on a clean line.
  void clear();

  [[nodiscard]] manner how() const noexcept { return manner_; }

 private:
  void draw(const progress_view& shown);

  std::FILE* where_;
  manner manner_;
  bool drawn_ = false;
  unsigned turn_ = 0;
  std::string last_state_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace sluice::command
