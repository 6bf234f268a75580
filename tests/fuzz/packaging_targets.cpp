// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>

#include "actors/verification/packaging/ovf_descriptor.hpp"
#include "actors/verification/packaging/ovf_manifest.hpp"
#include "actors/verification/packaging/tar_reader.hpp"
#include "actors/verification/packaging/unpacking.hpp"
#include "actors/verification/signatures/signature_check.hpp"
#include "tests/fuzz/promises.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/fuzz/whole_image.hpp"

namespace sluice::tests::fuzz {
namespace {

using namespace actors::verification;

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
  const whole_image archive{input};
  counting_receiver receiver;
  packaging::tar_reader reader{receiver};
  const auto fed = reader.feed(archive.bytes());
  promise(explained(fed), "a refusal says why");
  if (fed)
    static_cast<void>(reader.finish());
  promise(receiver.bytes <= archive.bytes().size(), "members are no longer than their archive");
}

void run_ovf(std::span<const std::byte> input) {
  promise(explained(packaging::read_ovf_descriptor(text_of(input))), "a refusal says why");
}

void run_manifest(std::span<const std::byte> input) {
  promise(explained(packaging::read_ovf_manifest(text_of(input))), "a refusal says why");
}

/// What came out of an archive that was fed in pieces of one length, into room of another.
struct unpacked {
  bool sound = false;
  std::uint64_t length = 0;
  std::uint64_t trace = 14695981039346656037U;  ///< FNV-1a of the bytes

  friend bool operator==(const unpacked&, const unpacked&) = default;
};

constexpr packaging::unpacking_limits unpacking_bounds{1 << 20, 64, 64 << 10};

unpacked unpack(packaging::packing kind, std::span<const std::byte> archive, std::size_t piece, std::size_t room) {
  packaging::unpacking inner{kind, unpacking_bounds};
  unpacked found;
  std::vector<std::byte> output(room);
  for (auto rest = archive; !rest.empty();) {
    auto input = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(input.size());
    for (bool full = true; full || !input.empty();) {
      const auto step = inner.step(input, output);
      promise(explained(step), "a refusal says why");
      if (!step)
        return found;
      promise(step->consumed <= input.size() && step->produced <= output.size(),
              "a step stays within what it was given");
      input = input.subspan(step->consumed);
      full = step->produced == output.size();
      promise(full || input.empty(), "where room is left, all input was taken");
      found.length += step->produced;
      for (const auto each : std::span{output}.first(step->produced))
        found.trace = (found.trace ^ std::to_integer<std::uint64_t>(each)) * 1099511628211U;
    }
  }
  const auto ended = inner.finish();
  promise(explained(ended), "a refusal says why");
  found.sound = ended.has_value();
  promise(!found.sound || found.length <= unpacking_bounds.most_output, "no more comes out than may");
  return found;
}

void run_unpacking(std::span<const std::byte> input) {
  const whole_image archive{input};
  const auto kind = packaging::sniff(archive.bytes());
  if (!kind)
    return;
  const auto whole = unpack(*kind, archive.bytes(), archive.bytes().size(), 64 << 10);
  const auto pieces = unpack(*kind, archive.bytes(), 61 + archive.bytes().size() / 61, 1021);
  promise(whole.sound == pieces.sound, "the verdict does not depend on how the bytes are cut");
  promise(!whole.sound || whole == pieces, "nor does what comes out");
}

/// A certificate comes from a user's secret.
void run_certificate(std::span<const std::byte> input) {
  promise(explained(check_certificate_bytes(text_of(input))), "a refusal says why");
  for (const auto* const key : {"RSA-PSS", "ECC_SECP384R1", "DSA"}) {
    const auto ready = signature_check::prepare({std::string(64, 's'), "sha256", key, {}}, text_of(input), nullptr,
                                                std::chrono::system_clock::now());
    promise(explained(ready), "a refusal says why");
    if (ready)
      promise(!ready->verify(std::string(64, '0')), "what nobody signed is not signed");
  }
}

constexpr std::array all{
    target{"tar", run_tar, tar_seeds, input_form::image},
    target{"unpacking", run_unpacking, packed_seeds, input_form::image},
    target{"ovf", run_ovf},
    target{"manifest", run_manifest},
    target{"certificate", run_certificate, certificate_seeds},
};

}  // namespace

std::span<const target> packaging_targets() noexcept {
  return all;
}

}  // namespace sluice::tests::fuzz
