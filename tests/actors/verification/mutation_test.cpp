// SPDX-License-Identifier: Apache-2.0
#include "tests/actors/verification/refusal.hpp"
#include "tests/hostile/images/disc.hpp"
#include "tests/hostile/images/luks.hpp"
#include "tests/hostile/images/qcow2.hpp"
#include "tests/hostile/images/qed.hpp"
#include "tests/hostile/images/raw_disk.hpp"
#include "tests/hostile/images/vhd.hpp"
#include "tests/hostile/images/vhdx.hpp"
#include "tests/hostile/images/virtual_box.hpp"
#include "tests/hostile/images/vmdk.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;

namespace {

/// Changes what parsers stumble over: bits, whole fields of extreme values, the length.
void mutate(hostile::image_bytes& image, std::mt19937& random, std::size_t interesting) {
  constexpr std::uint64_t extremes[] = {
      0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, ~std::uint64_t{0}};
  const auto changes = 1 + random() % 4;
  for (unsigned i = 0; i < changes; ++i) {
    const auto at = random() % std::min(interesting, image.size());
    const std::size_t width = std::size_t{1} << (random() % 4);
    if (at + width > image.size())
      continue;
    if (random() % 2 == 0)
      image[at] ^= static_cast<std::byte>(1U << (random() % 8));
    else
      put_little(image, at, width, extremes[random() % std::size(extremes)]);
  }
  if (random() % 16 == 0)
    image.resize(1 + random() % image.size());
}

}  // namespace

TEST_CASE("no mutation of an image makes the inspection fail, hang or contradict itself") {
  struct subject {
    hostile::image_bytes image;
    std::size_t interesting;  // the bytes that are headers
  };
  // A raw disk's places are covered by its first sectors; a VHDX is mutated where its tables are, in its own test.
  const std::vector<subject> subjects{
      {qcow2_image(), 256},       {vmdk_image(), 1024},  {stream_optimised_vmdk(), 1024},
      {dynamic_vhd(), 2600},      {vdi_image(), 600},    {qed_image(), 80},
      {luks_image(), 600},        {iso_image(), 40'000}, {mbr_disk(256 << 10), 512},
      {gpt_disk(256 << 10), 2048}};
  const std::uint32_t seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  for (const auto& [image, interesting] : subjects)
    for (int round = 0; round < 400; ++round) {
      auto mutant = image;
      mutate(mutant, random, interesting);
      const auto whole = judge(mutant);
      if (!whole)
        CHECK_FALSE(whole.error().message.empty());
      if (whole && whole->virtual_size == 0)
        FAIL("accepted without a virtual size");
      if (round % 8 == 0 && judge_in_random_chunks(mutant, random()) != whole)
        FAIL("chunks change the verdict");
    }
}

TEST_CASE("no mutation of a VHDX's tables makes the inspection fail, hang or contradict itself") {
  const std::uint32_t seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  const auto image = vhdx_image();
  for (int round = 0; round < 150; ++round) {
    auto mutant = image;
    constexpr std::size_t places[] = {vhdx_places::header, vhdx_places::second_header, vhdx_places::regions,
                                      vhdx_places::metadata, vhdx_places::items};
    const auto at = places[random() % std::size(places)] + random() % 128;
    put_little(mutant, at, 1 + random() % 8, random());
    if (random() % 2 == 0) {
      put_little(mutant, at + 256 * 1024 - 192 * 1024, 4, random());
      seal_vhdx(mutant, vhdx_places::header, 4096);
      seal_vhdx(mutant, vhdx_places::second_header, 4096);
      seal_vhdx_regions(mutant);
    }
    const auto whole = judge(mutant);
    if (judge_in_random_chunks(mutant, random()) != whole)
      FAIL("chunks change the verdict");
  }
}
