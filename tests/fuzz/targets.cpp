// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "actors/verification/packaging/ovf_descriptor.hpp"
#include "actors/verification/packaging/ovf_manifest.hpp"
#include "actors/verification/packaging/tar_reader.hpp"
#include "actors/verification/stream_inspection.hpp"
#include "actors/verification/structure/walk.hpp"
#include "http/client/chunked_decoder.hpp"
#include "schemas/configuration.hpp"
#include "schemas/json.hpp"
#include "schemas/metadef_reading.hpp"
#include "schemas/swift_location.hpp"
#include "tests/fuzz/seeds.hpp"

namespace sluice::tests::fuzz {
namespace {

using namespace std::chrono_literals;
using namespace actors::verification;

void promise(bool kept, std::string_view what) {
  if (kept)
    return;
  std::cerr << "broken: " << what << '\n';
  std::abort();
}

std::string_view text_of(std::span<const std::byte> input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

/// A refusal says why: a code of its own and a sentence.
template <class Value>
bool explained(const schemas::result<Value>& outcome) {
  return outcome || (outcome.error().code != schemas::error_code::none && !outcome.error().message.empty());
}

schemas::result<structure::walk_findings> walk(std::string_view format, std::span<const std::byte> input) {
  structure::memory_bytes image{input};
  structure::walk_policy policy;
  policy.max_virtual_size = std::uint64_t{1} << 40;
  policy.memory = std::uint64_t{64} << 20;
  policy.time = 5s;
  structure::walk_budget budget{policy};
  auto found = structure::walk_of(format)(image, policy, budget);
  promise(explained(found), "a refusal says why");
  if (found) {
    promise(found->disk_format == format, "a walk finds the format that it walks");
    promise(found->virtual_size > 0 && found->virtual_size <= policy.max_virtual_size,
            "an accepted virtual size is within its limit");
  }
  return found;
}

constexpr char qcow2[] = "qcow2";
constexpr char qed[] = "qed";
constexpr char vdi[] = "vdi";
constexpr char vmdk[] = "vmdk";
constexpr char vhd[] = "vhd";
constexpr char vhdx[] = "vhdx";
constexpr char luks[] = "luks";
constexpr char iso[] = "iso";
constexpr char raw[] = "raw";

template <const char* Format>
void run_walk(std::span<const std::byte> input) {
  static_cast<void>(walk(Format, input));
}

/// As an import does: the inspection while the bytes pass, then the walk of what it detected. However the bytes are
/// cut, the verdict is the same.
void run_inspection(std::span<const std::byte> input) {
  const auto judge = [&](std::size_t piece) {
    stream_inspection inspection{{}};
    for (auto rest = input; !rest.empty();) {
      const auto length = std::min(piece, rest.size());
      if (const auto fed = inspection.feed(rest.first(length)); !fed)
        return schemas::result<inspection_verdict>{schemas::unexpected<schemas::failure>{fed.error()}};
      rest = rest.subspan(length);
    }
    return inspection.finish();
  };
  const auto whole = judge(input.size() + 1);
  const auto pieces = judge(4093);
  promise(explained(whole), "a refusal says why");
  promise(whole.has_value() == pieces.has_value(), "the verdict does not depend on how the bytes are cut");
  if (!whole)
    return;
  promise(*whole == *pieces, "nor what is found");
  if (structure::walk_of(whole->disk_format) != nullptr)
    static_cast<void>(walk(whole->disk_format, input));
}

struct counting_receiver final : packaging::tar_receiver {
  std::uint64_t bytes = 0;
  schemas::result<void> begin_member(const packaging::tar_member&) override { return {}; }
  schemas::result<void> take_content(std::span<const std::byte> piece) override {
    bytes += piece.size();
    return {};
  }
  schemas::result<void> end_member() override { return {}; }
};

void run_tar(std::span<const std::byte> input) {
  counting_receiver receiver;
  packaging::tar_reader reader{receiver};
  const auto fed = reader.feed(input);
  promise(explained(fed), "a refusal says why");
  if (fed)
    static_cast<void>(reader.finish());
  promise(receiver.bytes <= input.size(), "members are no longer than their archive");
}

void run_ovf(std::span<const std::byte> input) {
  promise(explained(packaging::read_ovf_descriptor(text_of(input))), "a refusal says why");
}

void run_manifest(std::span<const std::byte> input) {
  promise(explained(packaging::read_ovf_manifest(text_of(input))), "a refusal says why");
}

void run_request(std::span<const std::byte> input) {
  schemas::identity who;
  who.project_id = "p";
  who.roles = {"member"};
  promise(explained(schemas::parse_import_request(text_of(input), who, {})), "a refusal says why");
  if (const auto metadefs = schemas::parse_metadef_namespace(text_of(input)))
    promise(schemas::decode_metadef_namespace(schemas::encode(*metadefs)) == *metadefs,
            "what is written is read again");
}

void run_record(std::span<const std::byte> input) {
  if (const auto import = schemas::decode_image_import(text_of(input)))
    promise(schemas::decode_image_import(schemas::encode(*import)) == import, "what is read is written the same");
  if (const auto image = schemas::decode_image(text_of(input)))
    promise(schemas::decode_image(schemas::encode(*image)) == image, "what is read is written the same");
}

void run_configuration(std::span<const std::byte> input) {
  promise(explained(schemas::parse_configuration(text_of(input), "fuzz.toml")), "a refusal says why");
}

void run_location(std::span<const std::byte> input) {
  static_cast<void>(schemas::location_without_credentials(text_of(input)));
  promise(explained(schemas::parse_location(text_of(input), {})), "a refusal says why");
  promise(explained(schemas::parse_swift_location(text_of(input), {})), "a refusal says why");
}

void run_chunked(std::span<const std::byte> input) {
  bytes whole{input.begin(), input.end()}, cut{whole};
  http::chunked_decoder at_once, in_pieces;
  const auto decoded = at_once.decode(whole);
  std::size_t payload = 0;
  bool refused = false;
  for (std::size_t at = 0; at < cut.size() && !refused; at += 3) {
    const auto piece = in_pieces.decode(std::span{cut}.subspan(at, std::min<std::size_t>(3, cut.size() - at)));
    refused = !piece;
    payload += piece.value_or(0);
  }
  promise(decoded.has_value() != refused, "the verdict does not depend on how the bytes are cut");
  promise(!decoded || *decoded == payload, "nor does the payload");
}

constexpr std::array all{
    target{qcow2, run_walk<qcow2>, qcow2_seeds},
    target{qed, run_walk<qed>, qed_seeds},
    target{vdi, run_walk<vdi>, vdi_seeds},
    target{vmdk, run_walk<vmdk>, vmdk_seeds},
    target{vhd, run_walk<vhd>, vhd_seeds},
    target{vhdx, run_walk<vhdx>, vhdx_seeds},
    target{luks, run_walk<luks>, luks_seeds},
    target{iso, run_walk<iso>, iso_seeds},
    target{raw, run_walk<raw>, raw_seeds},
    target{"inspection", run_inspection, every_image},
    target{"tar", run_tar, tar_seeds},
    target{"ovf", run_ovf, ovf_seeds},
    target{"manifest", run_manifest, manifest_seeds},
    target{"request", run_request, request_seeds},
    target{"record", run_record, record_seeds},
    target{"configuration", run_configuration, configuration_seeds},
    target{"location", run_location, location_seeds},
    target{"chunked", run_chunked, chunked_seeds},
};

}  // namespace

std::span<const target> targets() noexcept {
  return all;
}

const target* find_target(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(all, name, &target::name);
  return found == all.end() ? nullptr : found;
}

}  // namespace sluice::tests::fuzz
