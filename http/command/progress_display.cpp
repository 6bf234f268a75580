// SPDX-License-Identifier: Apache-2.0
#include "http/command/progress_display.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "http/command/wording.hpp"

namespace sluice::command {
namespace {

constexpr auto redraw_interval = std::chrono::milliseconds{100};
constexpr auto line_interval = std::chrono::seconds{5};

bool is_terminal(std::FILE* where) {
  const char* kind = std::getenv("TERM");
  return ::isatty(::fileno(where)) == 1 && kind != nullptr && std::string_view{kind} != "dumb";
}

std::size_t terminal_width(std::FILE* where) {
  winsize size{};
  if (::ioctl(::fileno(where), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

}  // namespace

progress_display::progress_display(std::FILE* where, manner otherwise)
    : where_{where}, manner_{is_terminal(where) ? manner::bar : otherwise} {}

void progress_display::show(const progress_view& shown) {
  const auto now = std::chrono::steady_clock::now();
  const bool changed = shown.state != last_state_;
  switch (manner_) {
    case manner::silent: return;
    case manner::bar:
      if (!drawn_ || changed || now - last_ >= redraw_interval)
        draw(shown);
      else
        return;
      break;
    case manner::lines:
      if (!changed && now - last_ < line_interval)
        return;
      std::fprintf(where_, "%s\n", progress_words(shown, locale_is_utf8()).c_str());
      std::fflush(where_);
      break;
  }
  last_state_ = shown.state;
  last_ = now;
}

void progress_display::draw(const progress_view& shown) {
  // The last column stays free: terminals differ in what they do after it.
  const terminal_shape shape{terminal_width(where_) - 1, locale_is_utf8()};
  std::fprintf(where_, "%s\r%s\x1b[K", drawn_ ? "" : "\x1b[?25l", progress_line(shown, shape, turn_++).c_str());
  std::fflush(where_);
  drawn_ = true;
}

void progress_display::clear() {
  if (!drawn_)
    return;
  std::fputs("\r\x1b[K\x1b[?25h", where_);
  std::fflush(where_);
  drawn_ = false;
}

}  // namespace sluice::command
