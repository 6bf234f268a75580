// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/iso/volume.hpp"

namespace sluice::actors::verification::structure::iso {
namespace {

using formats::bytes_view;
using formats::read_byte;
using schemas::failure;
using schemas::result;

constexpr std::uint64_t bytes_per_directory = 2 * 24;  // of the list below, which may have room to grow
constexpr std::uint64_t most_depth = 256;              // a path of 255 characters has no more

struct directory {
  std::uint64_t place = 0;  ///< bytes
  std::uint64_t size = 0;
  std::uint64_t depth = 0;
};

/// One tree, directory by directory.
class tree_walk {
 public:
  tree_walk(image_bytes& image, const volume_tree& tree, walk_budget& budget)
      : image_{image}, tree_{tree}, budget_{budget}, directories_{image.size(), tree.block, budget} {}
  tree_walk(const tree_walk&) = delete;
  tree_walk& operator=(const tree_walk&) = delete;
  ~tree_walk() { budget_.give_back(charged_); }

  result<void> run() {
    auto judged = enter(tree_.root * tree_.block, tree_.root_size, 0);
    while (judged && !left_.empty()) {
      const auto next = left_.back();
      left_.pop_back();
      judged = read(next);
    }
    return judged;
  }

 private:
  result<void> enter(std::uint64_t place, std::uint64_t size, std::uint64_t depth) {
    if (!formats::lies_within(place, size, image_.size()))
      return cut_off("a directory", place + size, image_.size());
    if (size == 0)
      return damaged("a directory is empty");
    if (depth > most_depth)
      return damaged("its directories are nested too deeply");
    auto taken = budget_.take(bytes_per_directory);
    if (!taken)
      return taken;
    charged_ += bytes_per_directory;
    // None may lie over another, so that none is read twice and none holds itself.
    auto claimed = directories_.claim_unit(place, size, "a directory");
    if (claimed)
      left_.push_back({place, size, depth});
    return claimed;
  }

  result<void> read(const directory& of) {
    // Records do not cross sectors (ECMA-119 section 6.8.1.1), so one at a time is enough.
    for (std::uint64_t done = 0; done < of.size; done += sector) {
      const auto piece =
          image_piece::read(image_, of.place + done, std::min<std::uint64_t>(sector, of.size - done), budget_);
      if (!piece)
        return schemas::unexpected<failure>{piece.error()};
      auto judged = budget_.step();
      if (judged)
        judged = read_sector(piece->bytes(), of, done == 0);
      if (!judged)
        return judged;
    }
    return {};
  }

  result<void> read_sector(bytes_view bytes, const directory& of, bool first) {
    std::uint64_t number = first ? 0 : 2;
    for (std::uint64_t at = 0; at < bytes.size();) {
      auto judged = budget_.step();
      if (!judged)
        return judged;
      const std::uint64_t length = read_byte(bytes, at);
      if (length == 0) {
        if (first && number == 0)
          return damaged("a directory has no record of itself");
        return {};  // the rest of the sector is unused
      }
      if (length < 34 || !formats::lies_within(at, length, bytes.size()))
        return damaged("a directory record has an impossible length");
      judged = take(formats::slice(bytes, at, length), of, number);
      if (!judged)
        return judged;
      ++number;
      at += length;
    }
    return {};
  }

  result<void> take(bytes_view record, const directory& of, std::uint64_t number) {
    const std::uint64_t name = read_byte(record, 32);
    const auto extent = both_32(record, 2);
    const auto size = both_32(record, 10);
    if (name == 0 || 33 + name > record.size())
      return damaged("a name is longer than its directory record");
    if (!extent || !size)
      return damaged("a directory record contradicts itself in the two byte orders");
    const auto place = (std::uint64_t{*extent} + read_byte(record, 1)) * tree_.block;
    if (number == 0 && place != of.place)
      return damaged("a directory's record of itself points elsewhere");
    // A file without bytes may name any place, and multi-extent files are several records.
    if (*size != 0 && !formats::lies_within(place, *size, image_.size()))
      return cut_off(number < 2 ? "a directory" : "a file", place + *size, image_.size());
    const auto judged = judge_system_use(record, 33 + name + (name % 2 == 0 ? 1 : 0), of, number);
    if (!judged)
      return judged;
    const bool is_directory = (read_byte(record, 25) & 2) != 0;
    return is_directory && number >= 2 ? enter(place, *size, of.depth + 1) : result<void>{};
  }

  /// Only a tree whose root announces SUSP (section 5.3 of it) has areas that follow its rules.
  result<void> judge_system_use(bytes_view record, std::uint64_t begin, const directory& of, std::uint64_t number) {
    const auto area = begin < record.size() ? record.subspan(begin) : bytes_view{};
    if (of.depth == 0 && number == 0 && formats::holds(area, 0, "SP") && formats::holds(area, 4, {"\xbe\xef", 2})) {
      sharing_ = true;
      skipped_ = read_byte(area, 6);
      return check_system_use(image_, area, tree_.block, budget_);
    }
    if (!sharing_ || skipped_ >= area.size())
      return {};
    return check_system_use(image_, area.subspan(skipped_), tree_.block, budget_);
  }

  image_bytes& image_;
  const volume_tree& tree_;
  walk_budget& budget_;
  std::uint64_t charged_ = 0;
  file_map directories_;
  std::vector<directory> left_;
  bool sharing_ = false;
  std::size_t skipped_ = 0;
};

}  // namespace

result<void> check_directories(image_bytes& image, const volume_tree& tree, walk_budget& budget) {
  return tree_walk{image, tree, budget}.run();
}

result<void> check_system_use(image_bytes& image, bytes_view area, std::uint64_t block, walk_budget& budget) {
  constexpr int most_continuations = 64;
  std::vector<std::byte> continued;
  for (int i = 0; i < most_continuations; ++i) {
    std::optional<std::pair<std::uint64_t, std::uint64_t>> next;
    while (area.size() >= 4) {
      auto stepped = budget.step();
      if (!stepped)
        return stepped;
      const std::size_t length = read_byte(area, 2);
      if (length < 4 || formats::holds(area, 0, "ST"))
        break;
      if (length > area.size())
        return damaged("a Rock Ridge entry is longer than its directory record");
      if (formats::holds(area, 0, "CE")) {
        const auto where = both_32(area, 4);
        const auto offset = both_32(area, 12);
        const auto size = both_32(area, 20);
        if (length < 28 || !where || !offset || !size || *offset >= sector || *size > 65536)
          return damaged("a Rock Ridge continuation contradicts itself");
        next = std::pair{*where * block + *offset, std::uint64_t{*size}};
      }
      area = area.subspan(length);
    }
    if (!next)
      return {};
    const auto piece = image_piece::read(image, next->first, next->second, budget);
    if (!piece)
      return schemas::unexpected<failure>{piece.error()};
    continued.assign(piece->bytes().begin(), piece->bytes().end());
    area = continued;
  }
  return damaged("a chain of Rock Ridge continuations has no end");
}

}  // namespace sluice::actors::verification::structure::iso
