// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/structure/vmdk/walk_vmdk.hpp"

#include <optional>

#include "actors/verification/formats/vmdk_descriptor.hpp"
#include "actors/verification/structure/pieces.hpp"
#include "actors/verification/structure/virtual_size.hpp"
#include "actors/verification/structure/vmdk/compressed_grains.hpp"
#include "actors/verification/structure/vmdk/marker_stream.hpp"
#include "actors/verification/structure/vmdk/refusals.hpp"

namespace sluice::actors::verification::structure {
namespace {

using formats::bytes_view;
using formats::vmdk_header;
using formats::vmdk_sector;
using schemas::error_code;
using schemas::refuse;
using schemas::result;

/// Grains as they are: a piece of the file each.
class plain_grains final : public vmdk::grain_visitor {
 public:
  explicit plain_grains(file_map& map) : map_{map} {}

  result<void> visit(std::uint64_t, std::uint64_t place, std::uint64_t visible) override {
    allocated_ += visible;
    return map_.claim_unit(place * vmdk_sector, visible, "a grain");
  }
  [[nodiscard]] std::uint64_t allocated() const noexcept { return allocated_; }

 private:
  file_map& map_;
  std::uint64_t allocated_ = 0;
};

class vmdk_walk {
 public:
  vmdk_walk(image_bytes& image, walk_budget& budget)
      : image_{image}, budget_{budget}, map_{image.size(), vmdk_sector, budget} {}

  result<walk_findings> run(const walk_policy& policy) {
    auto judged = read_header();
    if (judged)
      judged = check_virtual_size(header_->capacity * vmdk_sector, policy);
    if (judged)
      judged = read_descriptor();
    if (judged)
      judged = read_footer();
    if (judged)
      judged = check_features();
    if (judged)
      judged = follow_grains();
    if (!judged)
      return schemas::unexpected<schemas::failure>{judged.error()};
    walk_findings findings{"vmdk", header_->capacity * vmdk_sector, allocated_, {}};
    constexpr std::size_t unclean_shutdown = 72;
    if (formats::read_byte(header_bytes_, unclean_shutdown) != 0)
      findings.remarks.emplace_back("The VMDK is marked as not closed properly; its tables are sound.");
    return findings;
  }

 private:
  result<void> read_header() {
    auto bytes = read_bytes(image_, 0, vmdk_sector);
    if (!bytes)
      return schemas::unexpected<schemas::failure>{bytes.error()};
    header_bytes_ = std::move(*bytes);
    if (!formats::holds(header_bytes_, 0, "KDMV"))
      return formats::vmdk_part_of_several();
    header_.emplace(header_bytes_);
    auto judged = formats::check_vmdk_header(*header_);
    if (judged)
      judged = map_.claim(0, vmdk_sector, "the header");
    return judged;
  }

  result<void> read_descriptor() {
    const auto length = header_->descriptor_size * vmdk_sector;
    auto judged = map_.claim(vmdk_sector, length, "the descriptor");
    if (!judged)
      return judged;
    const auto bytes = read_bytes(image_, vmdk_sector, static_cast<std::size_t>(length));
    if (!bytes)
      return schemas::unexpected<schemas::failure>{bytes.error()};
    const auto text = formats::as_text(*bytes);
    const auto end = text.find('\0');
    if (end == text.npos)
      return vmdk::damaged("its descriptor has no end within its place");
    if (end == 0)
      return formats::vmdk_part_of_several();
    return formats::judge_vmdk_descriptor(text.substr(0, end), header_->capacity);
  }

  /// Where the directory is at the end, readers take everything from the footer.
  result<void> read_footer() {
    active_ = header_;
    if (header_->directory != formats::vmdk_directory_at_end)
      return {};
    constexpr auto length = formats::vmdk_footer_length;
    if (image_.size() < length || image_.size() % vmdk_sector != 0)
      return formats::vmdk_truncated();
    auto end = read_bytes(image_, image_.size() - length, length);
    if (!end)
      return schemas::unexpected<schemas::failure>{end.error()};
    footer_bytes_ = std::move(*end);
    auto judged = formats::check_vmdk_footer(*header_, footer_bytes_, image_.size());
    if (judged)
      judged = map_.claim(image_.size() - length, length, "the footer");
    active_.emplace(bytes_view{footer_bytes_}.subspan(vmdk_sector, vmdk_sector));
    return judged;
  }

  result<void> check_features() {
    constexpr std::uint32_t most_entries = 512;  // the specification's number, and the most that QEMU reads
    if (active_->entries_per_table > most_entries)
      return refuse(error_code::unknown_feature,
                    "The VMDK has grain tables of more than 512 entries, which no reader of the format takes. Write it "
                    "anew with 'qemu-img convert -O vmdk -o subformat=streamOptimized IMAGE NEW'.");
    if (active_->has_compressed_grains() != (active_->compression != 0))
      return vmdk::damaged("its header says both that its grains are compressed and that they are not");
    if (active_->has_compressed_grains() && !active_->has_markers())
      return refuse(error_code::unknown_feature,
                    "The VMDK has compressed grains without markers, which say how long they are. Write it anew with "
                    "'qemu-img convert -O vmdk -o subformat=streamOptimized IMAGE NEW'.");
    if (!formats::units_fit(active_->overhead, vmdk_sector, image_.size()))
      return formats::vmdk_truncated();
    return {};
  }

  result<void> follow_grains() {
    vmdk::grain_tables tables{image_, budget_, *active_};
    if (!active_->has_compressed_grains()) {
      plain_grains grains{map_};
      auto judged = tables.follow(map_, grains);
      allocated_ = grains.allocated();
      return judged;
    }
    vmdk::compressed_grains grains{image_, budget_, *active_, map_};
    auto judged = tables.follow(map_, grains);
    allocated_ = grains.allocated();
    if (judged && header_->directory == formats::vmdk_directory_at_end)
      judged = vmdk::follow_markers(image_, budget_, *active_, header_->overhead, grains.grains(), tables);
    return judged;
  }

  image_bytes& image_;
  walk_budget& budget_;
  file_map map_;
  std::vector<std::byte> header_bytes_;
  std::vector<std::byte> footer_bytes_;
  std::optional<vmdk_header> header_;
  std::optional<vmdk_header> active_;  // the footer's, where that counts
  std::uint64_t allocated_ = 0;
};

}  // namespace

result<walk_findings> walk_vmdk(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  return vmdk_walk{image, budget}.run(policy);
}

}  // namespace sluice::actors::verification::structure
