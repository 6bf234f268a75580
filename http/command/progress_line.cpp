// SPDX-License-Identifier: Apache-2.0
#include "http/command/progress_line.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "http/command/wording.hpp"

namespace sluice::command {
namespace {

constexpr std::size_t title_columns = 24;
constexpr std::size_t shortest_bar = 10;
constexpr std::size_t longest_bar = 40;

double fraction(const progress_view& shown) {
  if (!shown.total || *shown.total == 0)
    return 0;
  return std::clamp(static_cast<double>(shown.bytes) / static_cast<double>(*shown.total), 0.0, 1.0);
}

/// Whole percents, 100 only when everything is there.
std::string percent(const progress_view& shown) {
  return std::to_string(static_cast<int>(fraction(shown) * 100)) + " %";
}

std::string filled_bar(double part, std::size_t width, bool utf8) {
  static constexpr std::array<const char*, 8> eighths{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto steps = static_cast<std::size_t>(part * static_cast<double>(width * 8));
  std::string bar = utf8 ? "▕" : "[";
  for (std::size_t cell = 0; cell < width; ++cell) {
    const auto inside = steps > cell * 8 ? std::min<std::size_t>(steps - cell * 8, 8) : 0;
    if (utf8)
      bar += inside == 8 ? "█" : eighths[inside];
    else
      bar += inside >= 4 ? '#' : '.';
  }
  return bar + (utf8 ? "▏" : "]");
}

std::string wandering_bar(unsigned turn, std::size_t width, bool utf8) {
  const std::size_t block = std::max<std::size_t>(width / 5, 2);
  const std::size_t way = width - block;
  const auto step = turn % (2 * way);
  const auto start = step < way ? step : 2 * way - step;
  std::string bar = utf8 ? "▕" : "[";
  for (std::size_t cell = 0; cell < width; ++cell) {
    const bool inside = cell >= start && cell < start + block;
    bar += inside ? (utf8 ? "█" : "#") : (utf8 ? " " : ".");
  }
  return bar + (utf8 ? "▏" : "]");
}

struct piece {
  std::string words;
  int importance;  ///< the lowest goes first when the line is too long
};

std::size_t length_of(const std::vector<piece>& pieces) {
  std::size_t length = 0;
  for (const auto& [words, importance] : pieces)
    length += columns(words) + 2;
  return length;
}

std::string joined(const std::vector<piece>& pieces, const char* between) {
  std::string line;
  for (const auto& [words, importance] : pieces)
    line += (line.empty() ? "" : between) + words;
  return line;
}

}  // namespace

std::string progress_line(const progress_view& shown, const terminal_shape& shape, unsigned turn) {
  const piece title{shortened(printable(shown.title, shape.utf8), title_columns), 9};
  std::vector<piece> pieces;
  if (shown.moving) {
    if (shown.total)
      pieces.push_back({percent(shown), 8});
    pieces.push_back({human_size(shown.bytes) + (shown.total ? " of " + human_size(*shown.total) : ""), 5});
    if (shown.rate)
      pieces.push_back({human_size(*shown.rate) + "/s", 6});
    if (shown.eta)
      pieces.push_back({human_duration(std::chrono::seconds{*shown.eta}) + " left", 7});
  }
  if (!shown.state.empty())
    pieces.push_back({printable(shown.state, shape.utf8), shown.moving ? 4 : 8});

  const auto room = [&] {
    const auto used = columns(title.words) + 2 + length_of(pieces) + 2;
    return shape.width > used ? shape.width - used : 0;
  };
  while (shown.moving && room() < shortest_bar && pieces.size() > 1) {
    const auto least = std::min_element(pieces.begin(), pieces.end(), [](const piece& left, const piece& right) {
      return left.importance < right.importance;
    });
    pieces.erase(least);
  }
  if (const auto width = std::min(room(), longest_bar); shown.moving && width >= shortest_bar) {
    pieces.insert(pieces.begin(), piece{shown.total ? filled_bar(fraction(shown), width, shape.utf8)
                                                    : wandering_bar(turn, width, shape.utf8),
                                        9});
  }
  pieces.insert(pieces.begin(), title);
  return shortened(joined(pieces, "  "), shape.width);
}

std::string progress_words(const progress_view& shown, bool utf8) {
  std::vector<piece> pieces{{printable(shown.state, utf8), 9}};
  if (shown.moving) {
    pieces.push_back(
        {human_size(shown.bytes) + (shown.total ? " of " + human_size(*shown.total) + " (" + percent(shown) + ")" : ""),
         9});
    if (shown.rate)
      pieces.push_back({human_size(*shown.rate) + "/s", 9});
    if (shown.eta)
      pieces.push_back({human_duration(std::chrono::seconds{*shown.eta}) + " left", 9});
  }
  return printable(shown.title, utf8) + ": " + joined(pieces, ", ");
}

}  // namespace sluice::command
