// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include "tests/actors/verification/refusal.hpp"
#include "tests/actors/verification/workshop.hpp"

using namespace sluice::tests;
using sluice::schemas::error_code;

namespace {

struct conversion {
  std::string format;  ///< Glance's name
  std::string qemu;    ///< QEMU's
  std::string options;
};

void compare_with_qemu(const workshop& here, const std::string& name, const std::string& format,
                       const std::string& qemu) {
  const auto image = here.image(name);
  check_accepted(image, format, here.virtual_size(name, qemu));
  check_accepted(image, format, here.virtual_size(name, qemu), declared(format));
  CHECK(judge_byte_by_byte(image) == judge(image));
}

}  // namespace

TEST_CASE("every format that qemu-img writes is accepted with the virtual size that qemu-img reads") {
  REQUIRE(workshop::has("qemu-img"));
  const workshop here;
  // A disk with a partition, two mebibytes of content and holes.
  REQUIRE(
      here.run("truncate -s 5242880 disk && dd if=/dev/urandom of=disk bs=1M seek=2 count=2 conv=notrunc && "
               "printf '\\200\\0\\0\\0\\203\\0\\0\\0\\1\\0\\0\\0\\0\\020\\0\\0' | "
               "dd of=disk bs=1 seek=446 conv=notrunc && printf '\\125\\252' | dd of=disk bs=1 seek=510 conv=notrunc"));
  const std::vector<conversion> conversions{
      {"raw", "raw", ""},
      {"qcow2", "qcow2", "-o compat=0.10"},
      {"qcow2", "qcow2", "-o compat=1.1"},
      {"qcow2", "qcow2", "-o compat=1.1,cluster_size=512"},
      {"qcow2", "qcow2", "-o compat=1.1,cluster_size=2M"},
      {"qcow2", "qcow2", "-o compat=1.1,extended_l2=on"},
      {"qcow2", "qcow2", "-c -o compression_type=zstd"},
      {"qcow2", "qcow2", "-c"},
      {"vmdk", "vmdk", "-o subformat=monolithicSparse"},
      {"vmdk", "vmdk", "-o subformat=streamOptimized"},
      {"vmdk", "vmdk", "-o subformat=monolithicSparse,compat6"},
      {"vhd", "vpc", "-o subformat=dynamic"},
      {"vhd", "vpc", "-o subformat=dynamic,force_size=on"},
      {"vhd", "vpc", "-o subformat=fixed"},
      {"vhd", "vpc", "-o subformat=fixed,force_size=on"},
      {"vhdx", "vhdx", "-o subformat=dynamic"},
      {"vhdx", "vhdx", "-o subformat=fixed"},
      {"vhdx", "vhdx", "-o subformat=dynamic,block_size=32M"},
      {"vdi", "vdi", ""},
      {"vdi", "vdi", "-o static=on"},
      {"qed", "qed", ""},
      {"luks", "luks", "--object secret,id=key,data=secret -o key-secret=key,iter-time=10"},
      {"qcow2", "qcow2",
       "--object secret,id=key,data=secret -o encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10"}};
  for (const auto& [format, qemu, options] : conversions) {
    INFO(format << " " << options);
    REQUIRE(here.run("qemu-img convert -f raw -O " + qemu + " " + options + " disk image"));
    compare_with_qemu(here, "image", format, qemu);
  }
}

TEST_CASE("virtual sizes that are not round are read as qemu-img reads them") {
  REQUIRE(workshop::has("qemu-img"));
  const workshop here;
  for (const std::string format : {"qcow2", "vmdk", "vpc", "vhdx", "vdi", "qed"})
    for (const std::string size : {"12345678", "1G", "130G"}) {
      INFO(format << " of " << size);
      REQUIRE(here.run("rm -f image && qemu-img create -f " + format + " image " + size));
      check_accepted(here.image("image"), format == "vpc" ? "vhd" : format, here.virtual_size("image", format));
    }
}

TEST_CASE("an image that depends on others, as qemu-img writes it, is refused") {
  REQUIRE(workshop::has("qemu-img"));
  const workshop here;
  REQUIRE(
      here.run("qemu-img create -f qcow2 base 1M && qemu-img create -f qcow2 -b base -F qcow2 overlay && "
               "qemu-img create -f qcow2 -o data_file=data,data_file_raw=on external 1M && "
               "qemu-img create -f qed -b base -F qcow2 qed && qemu-img create -f vmdk base.vmdk 1M && "
               "qemu-img create -f vmdk -b base.vmdk -F vmdk child.vmdk && "
               "qemu-img create -f vmdk -o subformat=monolithicFlat flat.vmdk 1M && "
               "qemu-img create -f vmdk -o subformat=twoGbMaxExtentSparse split.vmdk 1M && "
               "qemu-img create -f parallels parallels 1M && qemu-img create -f qcow qcow 1M"));
  check_refused(here.image("overlay"), error_code::backing_file);
  check_refused(here.image("external"), error_code::external_data_file);
  check_refused(here.image("qed"), error_code::backing_file);
  check_refused(here.image("child.vmdk"), error_code::differencing_disk);
  check_refused(here.image("flat.vmdk"), error_code::external_extent);
  check_refused(here.image("split.vmdk"), error_code::external_extent);
  check_refused(here.image("split-s001.vmdk"), error_code::external_extent);
  check_refused(here.image("parallels"), error_code::format_not_allowed);
  check_refused(here.image("qcow"), error_code::format_not_allowed);
}

TEST_CASE("every filesystem and partition table that its own tool writes makes a raw disk recognised") {
  const workshop here;
  const std::vector<std::pair<std::string, std::string>> makers{
      {"mkfs.ext4", "truncate -s 8M image && mkfs.ext4 -q -F image"},
      {"mkfs.ext2", "truncate -s 8M image && mkfs.ext2 -q -F -b 1024 image"},
      {"mkfs.vfat", "truncate -s 2M image && mkfs.vfat -F 12 image"},
      {"mkfs.vfat", "truncate -s 16M image && mkfs.vfat -F 16 image"},
      {"mkfs.vfat", "truncate -s 40M image && mkfs.vfat -F 32 image"},
      {"mkfs.xfs", "truncate -s 300M image && mkfs.xfs -q image"},
      {"mkfs.btrfs", "truncate -s 110M image && mkfs.btrfs -q image"},
      {"mkfs.exfat", "truncate -s 8M image && mkfs.exfat image"},
      {"mkfs.ntfs", "truncate -s 8M image && mkfs.ntfs -Q -F image"},
      {"mksquashfs",
       "mkdir content && head -c 200000 /dev/urandom >content/a && mksquashfs content image -no-progress"},
      {"mkswap", "truncate -s 8M image && mkswap image"},
      {"sfdisk", "truncate -s 8M image && echo ',,L' | sfdisk image"},
      {"sgdisk", "truncate -s 8M image && sgdisk -n 1:2048:0 image"},
      {"sgdisk", "truncate -s 8M image && sgdisk -n 1:2048:0 image && truncate -s 16M image"}};
  std::size_t made = 0;
  for (const auto& [tool, command] : makers) {
    if (!workshop::has(tool))
      continue;
    INFO(command);
    REQUIRE(here.run("rm -rf image content && " + command));
    const auto image = here.image("image");
    check_accepted(image, "raw", (image.size() + 511) / 512 * 512);
    auto shorter = image;
    shorter.resize(image.size() / 2 - 512);
    check_refused(shorter, error_code::image_truncated);
    ++made;
  }
  CHECK(made >= 3);
}

TEST_CASE("an ISO image that its own tool writes is accepted, and half of it is not") {
  const workshop here;
  for (const std::string tool : {"genisoimage", "xorrisofs"}) {
    if (!workshop::has(tool))
      continue;
    INFO(tool);
    REQUIRE(here.run("mkdir -p content && head -c 200000 /dev/urandom >content/file && " + tool +
                     " -quiet -J -R -o image content"));
    auto image = here.image("image");
    check_accepted(image, "iso", image.size());
    image.resize(image.size() / 2);
    check_refused(image, error_code::image_truncated);
  }
}
