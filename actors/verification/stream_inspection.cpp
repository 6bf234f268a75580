// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/stream_inspection.hpp"

#include <algorithm>
#include <utility>

#include "actors/verification/evidence_rules.hpp"
#include "actors/verification/formats/foreign.hpp"
#include "actors/verification/formats/format_inspector.hpp"
#include "actors/verification/formats/region_capture.hpp"
#include "actors/verification/formats/vhd.hpp"
#include "actors/verification/policy_check.hpp"
#include "actors/verification/raw_choice.hpp"
#include "actors/verification/refusals.hpp"

namespace sluice::actors::verification {
namespace {

using formats::evidence;
using formats::format_inspector;
using formats::image_window;
using formats::presence;
using schemas::error_code;
using schemas::failure;
using schemas::refuse;
using schemas::result;

/// The front is judged when it has these lengths and at no other, so that a verdict never depends on how the bytes were
/// cut into chunks: every sector of the first page, then every page.
std::size_t next_checkpoint(std::size_t length) noexcept {
  const std::size_t step = length < 4096 ? 512 : 4096;
  return (length / step + 1) * step;
}

}  // namespace

struct stream_inspection::implementation {
  struct candidate {
    std::unique_ptr<format_inspector> inspector;
    presence found = presence::undecided;
  };

  explicit implementation(inspection_policy policy) : rules{std::move(policy)} {
    front.reserve(formats::front_capacity);
    for (auto& inspector : formats::make_inspectors())
      candidates.push_back({std::move(inspector), presence::undecided});
  }

  [[nodiscard]] image_window window() const {
    return {front, ended ? tail.bytes() : formats::bytes_view{}, ended ? std::optional{seen} : announced, ended};
  }

  /// At most one disk format may be there, alone but for an isohybrid's partition table.
  result<void> find_disk() {
    const candidate* found = nullptr;
    for (const auto& each : candidates) {
      if (each.found != presence::present || !is_disk(each.inspector->kind()))
        continue;
      if (found != nullptr)
        return refuse_ambiguous(found->inspector->title(), each.inspector->title());
      found = &each;
    }
    if (found == nullptr)
      return {};
    for (const auto& each : candidates)
      if (&each != found && each.found == presence::present &&
          contradicts(found->inspector->kind(), each.inspector->kind()))
        return refuse_ambiguous(found->inspector->title(), each.inspector->title());
    disk = found->inspector.get();
    return {};
  }

  /// One checkpoint of the front.
  result<void> judge_front() {
    const auto view = window();
    for (auto& each : candidates)
      if (each.found == presence::undecided)
        each.found = each.inspector->recognise(view);
    auto judged = find_disk();
    if (judged && disk != nullptr && disk->kind() != evidence::foreign_disk)
      judged = check_name();
    if (judged && disk != nullptr)
      judged = disk->examine(view);
    if (judged && disk != nullptr && disk->virtual_size())
      judged = rules.check_size(*disk->virtual_size());
    if (judged && view.front_closed()) {
      judged = disk != nullptr ? result<void>{} : judge_raw(view);
      front_judged = judged.has_value();
    }
    return judged;
  }

  /// Cinder uploads its encrypted volumes as raw disks, and opens no others.
  [[nodiscard]] bool is_encrypted_raw() const {
    return rules.policy().accept_encrypted_raw && disk->format() == "luks" && rules.declared() == "raw";
  }

  [[nodiscard]] result<void> check_name() const {
    if (is_encrypted_raw() && rules.allowed("luks"))
      return rules.check_named("raw", disk->title());
    return rules.check_named(disk->format(), disk->title());
  }

  [[nodiscard]] bool is_present(evidence kind) const {
    return std::any_of(candidates.begin(), candidates.end(), [kind](const candidate& each) {
      return each.found == presence::present && each.inspector->kind() == kind;
    });
  }

  /// The front is complete and is none of the disk formats: a raw disk, one of the three parts of an Amazon image, a
  /// fixed VHD, whose footer comes last, or nothing we take.
  result<void> judge_raw(const image_window& view) {
    if (view.ended && seen == 0)
      return refuse(error_code::not_an_image,
                    "The file is empty. Check that the location names the disk image itself.");
    raw_facts facts;
    facts.front = front;
    facts.partition_table = is_present(evidence::partition_table);
    facts.filesystem = is_present(evidence::filesystem) || is_present(evidence::late_filesystem);
    facts.kernel = is_present(evidence::kernel);
    facts.title = recognised_title();
    auto chosen = choose_raw_format(rules.policy().raw, rules.declared(), facts);
    if (!chosen)
      return schemas::unexpected<failure>{std::move(chosen.error())};
    raw_format = std::move(*chosen);
    // An undeclared raw disk may yet turn out to be a fixed VHD at its last byte.
    const bool may_be_vhd = !rules.declared() && rules.allowed("vhd");
    if (!rules.allowed(raw_format) && !may_be_vhd)
      return refuse_format(raw_format, raw_title(), rules.policy().formats);
    if (view.total && !view.ended)
      return for_each_raw([&](format_inspector& each) { return each.examine(view); });
    return for_each_raw([&](format_inspector& each) {
      auto without_total = view;
      without_total.total.reset();
      return each.examine(without_total);
    });
  }

  /// Of the first evidence there is; empty without any.
  [[nodiscard]] std::string_view recognised_title() const {
    for (const auto& each : candidates)
      if (each.found == presence::present)
        return each.inspector->title();
    return {};
  }

  [[nodiscard]] std::string_view raw_title() const {
    return recognised_title().empty() ? "a raw disk" : recognised_title();
  }

  template <class Step>
  result<void> for_each_raw(Step step) {
    for (auto& each : candidates) {
      if (each.found != presence::present || is_disk(each.inspector->kind()))
        continue;
      auto judged = step(*each.inspector);
      if (!judged)
        return judged;
    }
    return {};
  }

  /// One piece that lies wholly before or wholly after the front's end, and crosses no checkpoint.
  result<void> take(formats::bytes_view piece) {
    const auto offset = seen;
    seen += piece.size();
    tail.feed(piece);
    if (front.size() < formats::front_capacity) {
      front.insert(front.end(), piece.begin(), piece.end());
      return front.size() == checkpoint ? advance() : result<void>{};
    }
    if (disk != nullptr) {
      auto judged = disk->feed(offset, piece);
      if (judged && disk->virtual_size())
        judged = rules.check_size(*disk->virtual_size());
      return judged;
    }
    return for_each_raw([&](format_inspector& each) { return each.feed(offset, piece); });
  }

  result<void> advance() {
    checkpoint = std::min(next_checkpoint(checkpoint), formats::front_capacity);
    return judge_front();
  }

  result<inspection_verdict> conclude() {
    ended = true;
    if (!front_judged) {
      const auto judged = judge_front();
      if (!judged)
        return schemas::unexpected<failure>{judged.error()};
    }
    auto verdict = disk != nullptr ? conclude_disk() : conclude_raw();
    if (verdict) {
      const auto sized = rules.check_size(verdict->virtual_size);
      if (!sized)
        return schemas::unexpected<failure>{sized.error()};
    }
    return verdict;
  }

  result<inspection_verdict> conclude_disk() {
    const auto view = window();
    const bool footer = formats::ends_with_vhd_footer(view.tail);
    if ((footer && disk->format() != "vhd") || formats::ends_with_apple_trailer(view.tail))
      return schemas::unexpected<failure>{
          refuse_ambiguous(disk->title(), footer ? "a fixed VHD disk" : "an Apple disk image").error()};
    const auto size = disk->finish(view);
    if (!size)
      return schemas::unexpected<failure>{size.error()};
    return is_encrypted_raw() ? verdict_of("raw", formats::round_up(seen, 512)) : verdict_of(disk->format(), *size);
  }

  result<inspection_verdict> conclude_raw() {
    auto view = window();
    if (formats::ends_with_apple_trailer(view.tail))
      return refuse(
          error_code::format_not_allowed,
          "This is an Apple disk image (DMG), which is not accepted. Convert it with 'qemu-img convert -f dmg -O "
          "qcow2 IMAGE NEW' and import the result.");
    std::uint64_t size = formats::round_up(seen, 512);
    if (formats::ends_with_vhd_footer(view.tail)) {
      const auto named = rules.check_named("vhd", "a fixed VHD disk");
      const auto judged = named ? formats::judge_fixed_vhd(view.tail, seen)
                                : result<std::uint64_t>{schemas::unexpected<failure>{named.error()}};
      if (!judged)
        return schemas::unexpected<failure>{judged.error()};
      raw_format = "vhd";
      size = *judged;
      view.total = seen - formats::vhd_footer_size;
    } else if (raw_format == "vhd") {
      return schemas::unexpected<failure>{refuse_mismatch("vhd", "a file without a VHD's footer", "").error()};
    } else if (!rules.allowed(raw_format)) {
      return schemas::unexpected<failure>{refuse_format(raw_format, raw_title(), rules.policy().formats).error()};
    }
    const auto judged = for_each_raw([&](format_inspector& each) -> result<void> {
      const auto finished = each.finish(view);
      if (!finished)
        return schemas::unexpected<failure>{finished.error()};
      return {};
    });
    if (!judged)
      return schemas::unexpected<failure>{judged.error()};
    return verdict_of(raw_format, size);
  }

  [[nodiscard]] static inspection_verdict verdict_of(std::string_view format, std::uint64_t size) {
    inspection_verdict verdict;
    verdict.disk_format = format;
    verdict.virtual_size = size;
    return verdict;
  }

  policy_check rules;
  std::vector<candidate> candidates;
  std::vector<std::byte> front;
  formats::tail_capture tail{formats::tail_capacity};
  std::size_t checkpoint = 512;  ///< the length of the front at which it is judged next
  std::uint64_t seen = 0;
  std::optional<std::uint64_t> announced;
  format_inspector* disk = nullptr;  ///< the one disk format that was recognised
  std::string raw_format;            ///< the verdict on bits that are none
  bool front_judged = false;
  bool ended = false;
  std::optional<failure> refusal;
};

stream_inspection::stream_inspection(inspection_policy policy)
    : implementation_{std::make_unique<implementation>(std::move(policy))} {}
stream_inspection::~stream_inspection() = default;
stream_inspection::stream_inspection(stream_inspection&&) noexcept = default;
stream_inspection& stream_inspection::operator=(stream_inspection&&) noexcept = default;

void stream_inspection::announce_total(std::uint64_t bytes) {
  implementation_->announced = bytes;
}

result<void> stream_inspection::feed(std::span<const std::byte> chunk) {
  auto& self = *implementation_;
  while (!self.refusal && !chunk.empty()) {
    const auto front_left = self.checkpoint - std::min(self.checkpoint, self.front.size());
    const auto piece = front_left == 0 ? chunk : chunk.first(std::min(chunk.size(), front_left));
    chunk = chunk.subspan(piece.size());
    auto judged = self.take(piece);
    if (!judged)
      self.refusal = std::move(judged.error());
  }
  if (self.refusal)
    return schemas::unexpected<failure>{*self.refusal};
  return {};
}

bool stream_inspection::front_decided() const noexcept {
  return implementation_->front_judged;
}

result<inspection_verdict> stream_inspection::finish() {
  auto& self = *implementation_;
  if (self.refusal)
    return schemas::unexpected<failure>{*self.refusal};
  auto verdict = self.conclude();
  if (!verdict)
    self.refusal = verdict.error();
  return verdict;
}

}  // namespace sluice::actors::verification
