// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/file_map.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "actors/verification/formats/bytes.hpp"

namespace sluice::actors::verification::structure {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t bytes_per_part = 80;  // a node of the map, with what the allocator adds

result<void> past_the_end(std::uint64_t offset, std::uint64_t length, std::uint64_t size, std::string_view what) {
  return refuse(error_code::image_truncated, "The image places " + std::string{what} + " (" + std::to_string(length) +
                                                 " bytes) at offset " + std::to_string(offset) +
                                                 ", but the file is only " + std::to_string(size) +
                                                 " bytes long. It was cut off or its tables are damaged: get it anew.");
}

result<void> overlap(std::uint64_t offset, std::string_view what, std::string_view other) {
  return refuse(error_code::overlapping_structures, "The image places " + std::string{what} + " at offset " +
                                                        std::to_string(offset) + ", where " +
                                                        std::string{other == what ? "another such part" : other} +
                                                        " already is. Its tables are damaged or forged: get it anew.");
}

/// The bits [first, last) of one word, where both are counted within it and first < last <= 64.
constexpr std::uint64_t bits_between(std::uint64_t first, std::uint64_t last) {
  return (~std::uint64_t{0} << first) & (~std::uint64_t{0} >> (64 - last));
}

/// Calls `visit(page, word, bits)` for every word that the granules [first, last) touch.
template <class Visit>
void for_each_word(std::uint64_t first, std::uint64_t last, std::uint64_t granules_per_page, Visit visit) {
  while (first < last) {
    const auto word_start = first / 64 * 64;
    const auto end = std::min(last, word_start + 64);
    if (!visit(first / granules_per_page, first % granules_per_page / 64,
               bits_between(first - word_start, end - word_start)))
      return;
    first = end;
  }
}

}  // namespace

file_map::file_map(std::uint64_t file_size, std::uint64_t granule, walk_budget& budget)
    : file_size_{file_size}, granule_{granule}, budget_{budget} {}

file_map::~file_map() {
  budget_.give_back(charged_);
}

result<void> file_map::charge(std::uint64_t bytes) {
  auto taken = budget_.take(bytes);
  if (taken)
    charged_ += bytes;
  return taken;
}

const file_map::part* file_map::part_within(std::uint64_t offset, std::uint64_t length) const {
  const auto next = parts_.lower_bound(offset);
  if (next != parts_.end() && next->first < offset + length)
    return &next->second;
  if (next == parts_.begin())
    return nullptr;
  const auto& before = std::prev(next)->second;
  return before.end > offset ? &before : nullptr;
}

bool file_map::unit_within(std::uint64_t first, std::uint64_t last) const {
  if (pages_.empty())
    return false;
  bool found = false;
  for_each_word(first, last, granules_per_page, [&](std::uint64_t index, std::uint64_t word, std::uint64_t bits) {
    found = used_[index] == granules_per_page || (pages_[index] && (pages_[index]->bits[word] & bits) != 0);
    return !found;
  });
  return found;
}

result<void> file_map::prepare_pages() {
  if (!pages_.empty())
    return {};
  const auto count = file_size_ / (granule_ * granules_per_page) + 1;
  auto judged = charge(count * (sizeof(pages_[0]) + sizeof(used_[0])));
  if (!judged)
    return judged;
  pages_.resize(count);
  used_.resize(count);
  return {};
}

result<void> file_map::mark(std::uint64_t first, std::uint64_t last) {
  result<void> judged;
  for_each_word(first, last, granules_per_page, [&](std::uint64_t index, std::uint64_t word, std::uint64_t bits) {
    auto& held = pages_[index];
    if (!held) {
      judged = charge(sizeof(page));
      if (!judged)
        return false;
      held = std::make_unique<page>();
    }
    held->bits[word] |= bits;
    used_[index] += static_cast<std::uint32_t>(std::popcount(bits));
    if (used_[index] == granules_per_page) {
      held.reset();
      budget_.give_back(sizeof(page));
      charged_ -= sizeof(page);
    }
    return true;
  });
  return judged;
}

result<void> file_map::claim(std::uint64_t offset, std::uint64_t length, std::string_view what) {
  auto judged = budget_.step();
  if (!judged || length == 0)
    return judged;
  if (!formats::lies_within(offset, length, file_size_))
    return past_the_end(offset, length, file_size_, what);
  if (const auto* const other = part_within(offset, length))
    return overlap(offset, what, other->what);
  const auto after = offset + length;
  if (unit_within(offset / granule_, (after - 1) / granule_ + 1))
    return overlap(offset, what, unit_names_.size() == 1 ? unit_names_.front() : "data of the disk");
  end_ = std::max(end_, after);
  const auto next = parts_.lower_bound(offset);
  if (next != parts_.begin()) {
    auto& before = std::prev(next)->second;
    if (before.end == offset && before.what == what) {
      before.end = after;
      return {};
    }
  }
  judged = charge(bytes_per_part);
  if (judged)
    parts_.emplace_hint(next, offset, part{after, what});
  return judged;
}

result<void> file_map::claim_unit(std::uint64_t offset, std::uint64_t length, std::string_view what) {
  auto judged = budget_.step();
  if (!judged || length == 0)
    return judged;
  if (!formats::lies_within(offset, length, file_size_))
    return past_the_end(offset, length, file_size_, what);
  if (const auto* const other = part_within(offset, length))
    return overlap(offset, what, other->what);
  judged = prepare_pages();
  if (!judged)
    return judged;
  const auto first = offset / granule_;
  const auto last = (offset + length - 1) / granule_ + 1;
  if (unit_within(first, last))
    return overlap(offset, what, unit_names_.size() == 1 ? unit_names_.front() : "data of the disk");
  if (std::ranges::find(unit_names_, what) == unit_names_.end())
    unit_names_.push_back(what);
  end_ = std::max(end_, offset + length);
  return mark(first, last);
}

}  // namespace sluice::actors::verification::structure
