// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/ova_unpacker.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sluice::actors::verification::packaging {
namespace {

using schemas::result;

constexpr std::uint64_t most_text = 1 << 20;
constexpr std::string_view descriptor_ending = ".ovf";
constexpr std::string_view manifest_ending = ".mf";

schemas::unexpected<schemas::failure> refuse_ova(std::string_view what) {
  return refuse_packed(packing::ova, what);
}

}  // namespace

result<unpacked_step> ova_unpacker::step(formats::bytes_view input, std::span<std::byte> output) {
  room_ = output;
  produced_ = 0;
  std::size_t consumed = 0;
  while (consumed < input.size() && produced_ < output.size()) {
    // No byte of an archive becomes more than one byte of the disk, so that what is fed always has room.
    const auto piece = input.subspan(consumed, std::min(input.size() - consumed, output.size() - produced_));
    if (auto judged = reader_.feed(piece); !judged)
      return tl::unexpected{std::move(judged.error())};
    consumed += piece.size();
  }
  return unpacked_step{consumed, produced_};
}

result<void> ova_unpacker::begin_member(const tar_member& member) {
  if (descriptor_name_.empty()) {
    if (!member.name.ends_with(descriptor_ending))
      return refuse_ova("its first member is not an OVF descriptor");
    descriptor_name_ = member.name;
    role_ = role::descriptor;
  } else if (disk_ && member.name == disk_->href) {
    return begin_disk(member);
  } else if (member.name ==
             descriptor_name_.substr(0, descriptor_name_.size() - descriptor_ending.size()).append(manifest_ending)) {
    role_ = role::manifest;
  } else {
    role_ = role::other;
    return {};
  }
  text_.clear();
  if (member.size > most_text)
    return refuse_ova("its descriptor or its manifest is larger than 1 MiB");
  return {};
}

result<void> ova_unpacker::begin_disk(const tar_member& member) {
  role_ = role::disk;
  if (disk_->size && *disk_->size != member.size)
    return refuse_ova("its disk has " + std::to_string(member.size) + " bytes where the descriptor says " +
                      std::to_string(*disk_->size));
  disk_is_there_ = true;
  return {};
}

result<void> ova_unpacker::take_content(formats::bytes_view piece) {
  switch (role_) {
    case role::descriptor:
    case role::manifest: text_.append(formats::as_text(piece)); break;
    case role::disk:
      std::copy(piece.begin(), piece.end(), room_.begin() + static_cast<std::ptrdiff_t>(produced_));
      produced_ += piece.size();
      disk_digests_.update(piece);
      break;
    case role::other: break;
  }
  return {};
}

result<void> ova_unpacker::end_member() {
  if (role_ == role::descriptor) {
    auto disk = read_ovf_descriptor(text_);
    if (!disk)
      return tl::unexpected{std::move(disk.error())};
    disk_ = std::move(*disk);
    descriptor_digests_.update(std::as_bytes(std::span{text_}));
    descriptor_digests_.finish();
  } else if (role_ == role::manifest) {
    auto manifest = read_ovf_manifest(text_);
    if (!manifest)
      return tl::unexpected{std::move(manifest.error())};
    manifest_ = std::move(*manifest);
  } else if (role_ == role::disk) {
    disk_digests_.finish();
  }
  return {};
}

result<void> ova_unpacker::check(const std::string& name, const member_digests& digests) const {
  const auto entry =
      std::find_if(manifest_->begin(), manifest_->end(), [&name](const auto& each) { return each.name == name; });
  if (entry == manifest_->end())
    return refuse_ova("its manifest leaves out the descriptor or the disk");
  if (digests.value(entry->algorithm) != entry->value)
    return refuse_ova(
        "its descriptor or its disk is not what its manifest says, so the archive was changed or damaged");
  return {};
}

result<void> ova_unpacker::finish() {
  if (auto ended = reader_.finish(); !ended)
    return ended;
  if (!disk_is_there_)
    return refuse_ova("the disk that its descriptor names is not in it");
  if (!manifest_)
    return {};
  if (auto checked = check(descriptor_name_, descriptor_digests_); !checked)
    return checked;
  return check(disk_->href, disk_digests_);
}

}  // namespace sluice::actors::verification::packaging
