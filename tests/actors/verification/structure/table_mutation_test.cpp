// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <random>

#include "tests/actors/verification/structure/walking.hpp"
#include "tests/actors/verification/workshop.hpp"
#include "tests/hostile/images/writer.hpp"

using namespace sluice::tests;

namespace {

/// Changes what parsers stumble over, where the image is not empty: bits, fields of extreme values, fields copied from
/// elsewhere, places of the file, its length.
void mutate(std::vector<std::byte>& image, const std::vector<std::size_t>& tables, std::mt19937& random, bool big) {
  const auto put = [&](std::size_t at, std::size_t width, std::uint64_t value) {
    if (at + width > image.size())
      return;
    if (big)
      hostile::put_big(image, at, width, value);
    else
      hostile::put_little(image, at, width, value);
  };
  const auto pick = [&] { return tables[random() % tables.size()]; };
  const auto changes = 1 + random() % 3;
  for (unsigned i = 0; i < changes; ++i) {
    const auto at = pick();
    const std::size_t width = std::size_t{1} << (random() % 4);
    switch (random() % 6) {
      case 0: image[at] ^= static_cast<std::byte>(1U << (random() % 8)); break;
      case 1: put(at & ~std::size_t{7}, 8, (random() % (image.size() / 512 + 2)) * 512); break;
      case 2:
        put(at & ~std::size_t{7}, 8, ((random() % (image.size() / 4096 + 2)) * 4096) | (std::uint64_t{1} << 63));
        break;
      case 3: {
        constexpr std::uint64_t extremes[] = {0, 1, 2, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, ~std::uint64_t{0}};
        put(at, width, extremes[random() % std::size(extremes)]);
        break;
      }
      case 4: {
        const auto from = pick() & ~std::size_t{7};
        const auto to = at & ~std::size_t{7};
        if (std::max(from, to) + 8 <= image.size())
          std::copy_n(image.begin() + static_cast<std::ptrdiff_t>(from), 8,
                      image.begin() + static_cast<std::ptrdiff_t>(to));
        break;
      }
      default: put(at, width, random() % 16); break;
    }
  }
  if (random() % 24 == 0)
    image.resize(1 + random() % image.size());
}

/// Where bytes are not zero and not the guest's: what a change is likely to matter to.
std::vector<std::size_t> tables_of(const std::vector<std::byte>& image, std::byte guest) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < image.size(); ++i)
    if (image[i] != std::byte{0} && image[i] != guest)
      found.push_back(i);
  return found;
}

/// How many mutations of each image; SLUICE_TABLE_MUTATIONS for a longer search.
int rounds(int usual) {
  const char* const wanted = std::getenv("SLUICE_TABLE_MUTATIONS");
  return wanted == nullptr ? usual : std::atoi(wanted);
}

void compare_mutants(const std::string& format, const std::vector<std::string>& makers, int usual) {
  const workshop here;
  REQUIRE(
      here.run("truncate -s 1M disk && for at in 0 3 17 18 60 200; do head -c 4096 /dev/zero | tr '\\0' Z | "
               "dd of=disk bs=4096 seek=$at conv=notrunc; done"));
  const std::uint32_t seed = Catch::rngSeed();
  std::mt19937 random{seed};
  int accepted = 0;
  for (const auto& maker : makers) {
    REQUIRE(here.run("rm -f image && { " + maker + "; }"));
    const auto image = here.image("image");
    const auto tables = tables_of(image, std::byte{'Z'});
    for (int round = 0; round < rounds(usual); ++round) {
      auto mutant = image;
      mutate(mutant, tables, random, format == "qcow2");
      const auto found = walk(mutant, format);
      if (!found) {
        if (found.error().message.empty())
          FAIL("refused without a word");
        continue;
      }
      ++accepted;
      here.write("mutant", mutant);
      const auto size = here.virtual_size("mutant", format);
      const auto checked = here.status("qemu-img check -f " + format + " mutant");
      // 3: leaks only.
      if (size != found->virtual_size || (checked != 0 && checked != 3)) {
        INFO("seed " << seed << ", " << maker << ", round " << round << ": QEMU says " << size << " bytes, status "
                     << checked << ":\n"
                     << here.text("log"));
        CHECK(found->virtual_size == size);
        CHECK((checked == 0 || checked == 3));
      }
    }
  }
  CHECK(accepted > 0);
  if (std::getenv("SLUICE_TABLE_MUTATIONS") != nullptr)
    WARN(format << ": " << accepted << " of " << static_cast<std::size_t>(rounds(usual)) * makers.size()
                << " mutants accepted, seed " << seed);
}

}  // namespace

TEST_CASE("what is accepted of a mutated qcow2, qemu-img finds sound as well") {
  const std::string convert = "qemu-img convert -f raw -O qcow2 disk image ";
  compare_mutants("qcow2",
                  {convert + "-o cluster_size=4096", convert + "-o cluster_size=512,compat=0.10",
                   convert + "-c -o cluster_size=4096", convert + "-c -o cluster_size=4096,compression_type=zstd",
                   convert + "-o cluster_size=16k,extended_l2=on", convert + "-o cluster_size=4096,refcount_bits=1",
                   convert + "-o cluster_size=4096 && qemu-img snapshot -c one image && qemu-img snapshot -c two image",
                   convert + "-o cluster_size=4096 && qemu-img bitmap --add -g 512 image b && "
                             "qemu-img bench -c 5 -w -f qcow2 image"},
                  50);
}

TEST_CASE("what is accepted of a mutated QED image, qemu-img finds sound as well") {
  compare_mutants("qed", {"qemu-img convert -f raw -O qed -o cluster_size=4096,table_size=2 disk image"}, 200);
}

TEST_CASE("what is accepted of a mutated VDI, qemu-img finds sound as well") {
  compare_mutants("vdi", {"qemu-img convert -f raw -O vdi disk image", "qemu-img create -f vdi image 10M"}, 100);
}
