// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "tests/actors/verification/structure/walking.hpp"
#include "tests/actors/verification/workshop.hpp"

using namespace sluice::tests;

namespace {

struct conversion {
  std::string format;  ///< Glance's name
  std::string qemu;    ///< QEMU's
  std::string options;
};

const std::vector<conversion> conversions{
    {"vmdk", "vmdk", "-o subformat=monolithicSparse"},
    {"vmdk", "vmdk", "-o subformat=monolithicSparse,compat6"},
    {"vmdk", "vmdk", "-o subformat=monolithicSparse,zeroed_grain=on"},
    {"vmdk", "vmdk", "-o subformat=monolithicSparse,adapter_type=lsilogic,hwversion=13"},
    {"vmdk", "vmdk", "-o subformat=streamOptimized"},
    {"vhd", "vpc", "-o subformat=dynamic"},
    {"vhd", "vpc", "-o subformat=dynamic,force_size=on"},
    {"vhd", "vpc", "-o subformat=fixed"},
    {"vhd", "vpc", "-o subformat=fixed,force_size=on"},
    {"vhdx", "vhdx", "-o subformat=dynamic"},
    {"vhdx", "vhdx", "-o subformat=fixed"},
    {"vhdx", "vhdx", "-o subformat=dynamic,block_size=1M"},
    {"vhdx", "vhdx", "-o subformat=dynamic,block_size=32M,log_size=4M"},
    {"vhdx", "vhdx", "-o subformat=dynamic,block_state_zero=off"},
    {"vhdx", "vhdx", "-o subformat=fixed,block_size=2M"},
};

walk_findings check_as_qemu(const workshop& here, const std::string& name, const conversion& made) {
  REQUIRE(here.run("qemu-img check -f " + made.qemu + " " + name + " || test $? -eq 63"));  // 63: it cannot check these
  return check_sound(here.image(name), made.format, here.virtual_size(name, made.qemu));
}

}  // namespace

TEST_CASE("every VMDK, VHD and VHDX that qemu-img converts a disk to is sound, with the size that qemu-img reads") {
  REQUIRE(workshop::has("qemu-img"));
  const workshop here;
  for (const std::string size : {"5242880", "5243392", "12345856", "66560"}) {
    REQUIRE(here.run("rm -f disk && truncate -s " + size +
                     " disk && head -c 1100000 /dev/urandom >noise && "
                     "for at in 0 1 3 4; do dd if=noise of=disk bs=1M count=1 seek=$at conv=notrunc; done && "
                     "truncate -s " +
                     size + " disk && yes sluice | dd of=disk bs=512 seek=5500 count=200 conv=notrunc && truncate -s " +
                     size + " disk"));
    for (const auto& made : conversions) {
      INFO(made.qemu << " " << made.options << " of " << size);
      REQUIRE(here.run("rm -f image && qemu-img convert -f raw -O " + made.qemu + " " + made.options + " disk image"));
      CHECK(check_as_qemu(here, "image", made).allocated > 0);
    }
  }
}

TEST_CASE("every VMDK, VHD and VHDX that qemu-img creates empty is sound, whatever its size") {
  REQUIRE(workshop::has("qemu-img"));
  const workshop here;
  for (const auto& made : conversions)
    for (const std::string size : {"1M", "3145728", "12345856", "1G", "300G"}) {
      if (size.back() == 'G' && made.options.find("fixed") != std::string::npos)
        continue;
      INFO(made.qemu << " " << made.options << " of " << size);
      REQUIRE(here.run("rm -f image && qemu-img create -f " + made.qemu + " " + made.options + " image " + size));
      check_as_qemu(here, "image", made);
    }
}

TEST_CASE("disks that a guest has written to here and there are sound") {
  REQUIRE(workshop::has("qemu-img"));
  REQUIRE(workshop::has("qemu-io"));
  const workshop here;
  for (const auto& made : conversions) {
    if (made.options.find("streamOptimized") != std::string::npos || made.options.find("fixed") != std::string::npos)
      continue;
    INFO(made.qemu << " " << made.options);
    REQUIRE(here.run("rm -f image && qemu-img create -f " + made.qemu + " " + made.options +
                     " image 40G && qemu-io -f " + made.qemu +
                     " -c 'write -P 1 39G 4k' -c 'write -P 2 4k 1k' -c 'write -P 3 20G 3M' -c 'write -z 20G 1M' "
                     "-c 'write -P 4 10G 512' image"));
    CHECK(check_as_qemu(here, "image", made).allocated >= 2 << 20);
  }
}

TEST_CASE("a disk is walked from its file as from memory") {
  REQUIRE(workshop::has("qemu-img"));
  const workshop here;
  REQUIRE(here.run("qemu-img create -f vpc image 100G && qemu-io -f vpc -c 'write -P 1 50G 1M' image"));
  const auto descriptor = ::open(here.path("image").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  const walk_policy policy;
  walk_budget budget{policy};
  auto file = sluice::actors::verification::structure::file_bytes::of(descriptor);
  REQUIRE(file.has_value());
  const auto from_file = walk_of("vhd")(*file, policy, budget);
  ::close(descriptor);
  REQUIRE(from_file.has_value());
  CHECK(*from_file == check_sound(here.image("image"), "vhd", here.virtual_size("image", "vpc")));
}
