// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdlib>
#include <random>

#include "tests/actors/verification/structure/walking.hpp"
#include "tests/actors/verification/workshop.hpp"
#include "tests/hostile/images/vhd.hpp"
#include "tests/hostile/images/vhdx_blocks.hpp"
#include "tests/hostile/images/vmdk_grains.hpp"

using namespace sluice::tests;
using namespace sluice::tests::hostile;

namespace {

struct stretch {
  std::size_t offset;
  std::size_t length;
};

struct subject {
  std::string format;             ///< Glance's name
  std::string qemu;               ///< QEMU's
  std::string command;            ///< makes `image`
  std::vector<stretch> tables{};  ///< what is worth changing; the end of the file besides
  void (*seal)(hostile::image_bytes& image, std::mt19937& random) = nullptr;
};

/// So that changes get past the checksums: most mutants have them right again.
void seal_dynamic_vhd(hostile::image_bytes& image, std::mt19937& random) {
  if (image.size() < 2560 || random() % 4 == 0)
    return;
  seal_vhd(image, 512, 1024, 36);
  seal_vhd(image, 0, 512, 64);
  if (random() % 2 == 0)
    std::copy_n(image.begin(), 512, image.end() - 512);
}

void seal_fixed_vhd(hostile::image_bytes& image, std::mt19937& random) {
  if (image.size() > 512 && random() % 4 != 0)
    seal_vhd(image, image.size() - 512, 512, 64);
}

void seal_vhdx_tables(hostile::image_bytes& image, std::mt19937& random) {
  if (image.size() < (1 << 20) || random() % 4 == 0)
    return;
  seal_vhdx(image, vhdx_places::header, 4096);
  seal_vhdx(image, vhdx_places::second_header, 4096);
  const auto regions = image.begin() + vhdx_places::regions;
  if (random() % 2 == 0)
    std::copy_n(regions, 4096, image.begin() + vhdx_places::second_regions);
  // Checksums of the region tables take 64 KiB bit by bit: only where something changed.
  seal_vhdx_regions(image);
}

std::vector<subject> subjects() {
  const std::string convert = "qemu-img convert -f raw -O ";
  return {
      {"vmdk", "vmdk", convert + "vmdk disk image", {{0, 512}, {512, 600}, {21 * 512, 12 * 512}}},
      {"vmdk", "vmdk", convert + "vmdk -o subformat=streamOptimized disk image", {{0, 1100}, {21 * 512, 12 * 512}}},
      {"vhd", "vpc", convert + "vpc disk image", {{0, 1536}, {1536, 600}}, seal_dynamic_vhd},
      {"vhd", "vpc", convert + "vpc -o subformat=fixed,force_size disk image", {}, seal_fixed_vhd},
      {"vhdx",
       "vhdx",
       convert + "vhdx -o log_size=1M,block_size=1M disk image",
       {{64 << 10, 96}, {128 << 10, 96}, {192 << 10, 96}, {2 << 20, 64}, {3 << 20, 300}, {(3 << 20) + (64 << 10), 64}},
       seal_vhdx_tables}};
}

void mutate(hostile::image_bytes& image, const std::vector<stretch>& tables, std::mt19937& random) {
  constexpr std::uint64_t extremes[] = {0, 1, 2, 3, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, ~std::uint64_t{0}};
  const auto changes = 1 + random() % 3;
  for (unsigned i = 0; i < changes; ++i) {
    const auto chosen = random() % (tables.size() + 1);
    const auto place = chosen < tables.size() ? tables[chosen] : stretch{image.size() - 1600, 1600};
    const std::size_t width = std::size_t{1} << (random() % 4);
    const auto at = place.offset + random() % place.length / width * width;
    if (at + width > image.size())
      continue;
    switch (random() % 4) {
      case 0: image[at] ^= static_cast<std::byte>(1U << (random() % 8)); break;
      case 1: put_byte(image, at, std::to_integer<unsigned>(image[at]) + random() % 5 - 2); break;
      case 2: put_little(image, at, width, random() % 4096); break;
      default: put_little(image, at, width, extremes[random() % std::size(extremes)]);
    }
  }
  if (random() % 16 == 0)
    image.resize(image.size() - random() % std::min<std::size_t>(image.size(), 70'000));
}

constexpr std::size_t few_rounds = 60;

/// How many mutants of each image: more by hand, with SLUICE_MUTANTS in the environment.
std::size_t rounds() {
  const auto* const asked = std::getenv("SLUICE_MUTANTS");
  return asked == nullptr ? few_rounds : std::strtoull(asked, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever changed image the walk accepts, qemu-img opens and checks, and reads the same size") {
  REQUIRE(workshop::has("qemu-img"));
  const workshop here;
  REQUIRE(
      here.run("truncate -s 3M disk && head -c 400000 /dev/urandom | dd of=disk bs=64k seek=8 conv=notrunc && "
               "yes sluice | dd of=disk bs=64k seek=44 count=3 iflag=fullblock conv=notrunc"));
  const std::uint32_t seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  for (const auto& [format, qemu, command, tables, seal] : subjects()) {
    REQUIRE(here.run("rm -f image && " + command));
    const auto image = here.image("image");
    REQUIRE(walk(image, format));
    std::size_t accepted = 0;
    for (std::size_t round = 0; round < rounds(); ++round) {
      auto mutant = image;
      mutate(mutant, tables, random);
      if (seal != nullptr)
        seal(mutant, random);
      const auto found = walk(mutant, format);
      if (!found) {
        if (found.error().message.empty())
          FAIL("refused without a word");
        continue;
      }
      ++accepted;
      if (mutant == image)
        continue;
      here.write("mutant", mutant);
      INFO(command << ", round " << round);
      const bool agrees = here.run("qemu-img info -f " + qemu + " mutant") &&
                          here.run("qemu-img check -f " + qemu + " mutant || test $? -eq 63") &&
                          here.run("qemu-img convert -f " + qemu + " -O raw mutant copy");
      INFO(here.text("log"));
      CHECK(agrees);
      if (agrees)
        CHECK(here.virtual_size("mutant", qemu) == found->virtual_size);
      else if (std::getenv("SLUICE_MUTANTS") != nullptr)
        REQUIRE(here.run("cp mutant ${TMPDIR:-/tmp}/disagreement-" + qemu + "-" + std::to_string(round)));
    }
    CHECK(accepted > 0);
    CHECK(accepted < rounds());
    if (rounds() > few_rounds)
      WARN(command << ": accepted " << accepted << " of " << rounds());
  }
}
