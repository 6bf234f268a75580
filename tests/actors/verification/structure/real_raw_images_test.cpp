// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "tests/actors/verification/structure/walking.hpp"
#include "tests/actors/verification/workshop.hpp"

using namespace sluice::tests;
using sluice::schemas::error_code;
namespace structure = sluice::actors::verification::structure;

namespace {

/// Walks over a file as the sandboxed process does: through a descriptor.
sluice::schemas::result<walk_findings> walk_file(const workshop& here, const std::string& name,
                                                 std::string_view format) {
  const int descriptor = ::open(here.path(name).c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  auto bytes = structure::file_bytes::of(descriptor);
  REQUIRE(bytes.has_value());
  structure::walk_budget budget{walk_policy{}};
  auto found = structure::walk_of(format)(*bytes, walk_policy{}, budget);
  ::close(descriptor);
  return found;
}

walk_findings check_file(const workshop& here, const std::string& name, std::string_view format,
                         const std::string& qemu) {
  const auto found = walk_file(here, name, format);
  INFO((found ? std::string{} : found.error().message));
  REQUIRE(found.has_value());
  CHECK(found->disk_format == format);
  CHECK(found->virtual_size == here.virtual_size(name, qemu));
  return *found;
}

void check_file_refused(const workshop& here, const std::string& name, std::string_view format, error_code code) {
  const auto found = walk_file(here, name, format);
  REQUIRE_FALSE(found.has_value());
  INFO(found.error().message);
  CHECK(found.error().code == code);
}

struct maker {
  std::string tool;
  std::string command;  ///< writes `image`
};

}  // namespace

TEST_CASE("the walk finds nothing wrong with what the tools of filesystems write, on a disk or in a partition") {
  const workshop here;
  const std::vector<maker> makers{
      {"mkfs.ext4", "truncate -s 8M image && mkfs.ext4 -q -F image"},
      {"mkfs.ext4", "truncate -s 64M image && mkfs.ext4 -q -F -O ^metadata_csum,^64bit image"},
      {"mkfs.ext4", "truncate -s 64M image && mkfs.ext4 -q -F -O meta_bg,^resize_inode image"},
      {"mkfs.ext4", "truncate -s 2G image && mkfs.ext4 -q -F -O bigalloc image"},
      {"mkfs.ext2", "truncate -s 8M image && mkfs.ext2 -q -F -b 1024 image"},
      {"mkfs.vfat", "truncate -s 2M image && mkfs.vfat -F 12 image"},
      {"mkfs.vfat", "truncate -s 16M image && mkfs.vfat -F 16 image"},
      {"mkfs.vfat", "truncate -s 40M image && mkfs.vfat -F 32 image"},
      {"mkfs.vfat", "truncate -s 40M image && mkfs.vfat -F 32 -f 1 -S 4096 image"},
      {"mkfs.vfat", "mkfs.vfat -C image 1440"},
      {"mformat", "truncate -s 1440K image && mformat -i image -f 1440 ::"},
      {"mkfs.xfs", "truncate -s 300M image && mkfs.xfs -q image"},
      {"mkfs.xfs", "truncate -s 300M image && mkfs.xfs -q -m crc=0 image"},
      {"mkfs.btrfs", "truncate -s 110M image && mkfs.btrfs -q image"},
      {"mkfs.btrfs", "truncate -s 110M image && mkfs.btrfs -q --csum sha256 image"},
      {"mkfs.exfat", "truncate -s 8M image && mkfs.exfat image"},
      {"mkfs.ntfs", "truncate -s 8M image && mkfs.ntfs -Q -F image"},
      {"mksquashfs",
       "mkdir content && head -c 200000 /dev/urandom >content/a && mksquashfs content image -no-progress"},
      {"mkswap", "truncate -s 8M image && mkswap image"}};
  std::size_t made = 0;
  for (const auto& [tool, command] : makers) {
    if (!workshop::has(tool))
      continue;
    INFO(command);
    REQUIRE(here.run("rm -rf image content && " + command));
    CHECK(check_file(here, "image", "raw", "raw").remarks.empty());
    check_file(here, "image", "ami", "raw");
    REQUIRE(
        here.run("size=$(stat -c %s image) && rm -f disk && truncate -s $((size + 4194304)) disk && "
                 "dd if=image of=disk bs=1M seek=1 conv=notrunc,sparse && "
                 "echo \"2048,$(((size + 511) / 512)),L\" | sfdisk disk"));
    CHECK(check_file(here, "disk", "raw", "raw").remarks.empty());
    REQUIRE(here.run("echo \"2048,$((($(stat -c %s image) - 1048576) / 512)),L\" | sfdisk --force disk"));
    if (here.image("image").size() > (2 << 20))
      check_file_refused(here, "disk", "raw", error_code::image_truncated);
    ++made;
  }
  CHECK(made >= 5);
}

TEST_CASE("the walk finds nothing wrong with what the tools of partition tables write") {
  const workshop here;
  const std::vector<maker> makers{
      {"sfdisk", "truncate -s 8M image && echo ',,L' | sfdisk image"},
      {"sfdisk", "truncate -s 64M image && printf ',8M,L\\n,,E\\n,4M,L\\n,4M,L\\n,,S\\n' | sfdisk image"},
      {"sfdisk", "truncate -s 64M image && printf ',8M,L,*\\n,,E\\n' | sfdisk image"},
      {"sfdisk", "truncate -s 64M image && printf 'label: gpt\\n,8M,U\\n,,L\\n' | sfdisk image"},
      {"sfdisk", "truncate -s 64M image && printf 'label: gpt\\ntable-length: 4\\n,8M,U\\n,,L\\n' | sfdisk image"},
      {"sgdisk", "truncate -s 8M image && sgdisk -n 1:2048:0 image"},
      {"sgdisk", "truncate -s 8M image && sgdisk -n 1:2048:4095 -n 2:4096:0 -h 1:EE image"},
      {"sgdisk", "truncate -s 8M image && sgdisk -n 1:2048:4095 -n 2:4096:0 -h 1 image"},
      {"sgdisk", "truncate -s 8M image && sgdisk -S 256 -n 1:4096:0 image"},
      {"sgdisk", "truncate -s 8M image && sgdisk image -j 34 -n 1:4096:0"}};
  for (const auto& [tool, command] : makers) {
    if (!workshop::has(tool))
      continue;
    INFO(command);
    REQUIRE(here.run("rm -f image && " + command));
    check_file(here, "image", "raw", "raw");
    REQUIRE(here.run("truncate -s -1024 image"));
    check_file_refused(here, "image", "raw", error_code::image_truncated);
  }
}

TEST_CASE("the walk finds nothing wrong with rescue disks of a distribution") {
  const workshop here;
  for (const std::string name : {"grub-rescue-usb.img", "grub-rescue-floppy.img"})
    if (here.run("cp /usr/lib/grub-rescue/" + name + " image"))
      check_file(here, "image", "raw", "raw");
}

TEST_CASE("a disk that grew after it was partitioned is accepted with a remark, or refused when the operator says so") {
  const workshop here;
  REQUIRE(here.run("truncate -s 8M image && sgdisk -n 1:2048:0 image && truncate -s 16M image"));
  const auto image = here.image("image");
  CHECK(check_sound(image, "raw", 16 << 20).remarks.size() == 2);
  walk_policy strict;
  strict.accept_trailing_bytes = false;
  check_unsound(image, "raw", error_code::image_corrupt, "", strict);
}

TEST_CASE("a partition may hold an image of another disk format, a container of volumes, or nothing known") {
  const workshop here;
  REQUIRE(
      here.run("truncate -s 64M image && sgdisk -n 1:2048:+8M -n 2:0:+8M -n 3:0:+20M -n 4:0:0 image && "
               "qemu-img create -f qcow2 inner 64M && dd if=inner of=image bs=1M seek=1 conv=notrunc"));
  CHECK(check_file(here, "image", "raw", "raw").remarks.size() == 1);
  if (workshop::has("cryptsetup")) {
    // The header of a volume over an older filesystem's superblock.
    REQUIRE(
        here.run("truncate -s 20M volume && mkfs.ext4 -q -F -b 1024 volume 15M && "
                 "printf secret | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 volume - && "
                 "dd if=volume of=image bs=1M seek=17 conv=notrunc"));
    CHECK(check_file(here, "image", "raw", "raw").remarks.size() == 1);
  }
}

TEST_CASE("the walk finds nothing wrong with encrypted volumes as qemu-img and cryptsetup write them") {
  const workshop here;
  REQUIRE(
      here.run("printf secret >key && qemu-img create -f luks --object secret,id=s,file=key -o "
               "key-secret=s,iter-time=10 image 5M"));
  CHECK(check_file(here, "image", "luks", "luks").remarks.size() == 1);
  if (!workshop::has("cryptsetup"))
    return;
  const std::string format = "rm -f image && truncate -s 20M image && cryptsetup luksFormat -q image key ";
  REQUIRE(here.run(format + "--type luks1 --pbkdf-force-iterations 1000"));
  check_file(here, "image", "luks", "luks");
  REQUIRE(here.run("cryptsetup luksAddKey -q --key-file key --pbkdf-force-iterations 1000 image key"));
  check_file(here, "image", "luks", "luks");
  for (const std::string options :
       {"--pbkdf pbkdf2 --pbkdf-force-iterations 1000", "--pbkdf argon2id --pbkdf-force-iterations 4 --pbkdf-memory 64",
        "--sector-size 512 --pbkdf pbkdf2 --pbkdf-force-iterations 1000",
        "--luks2-metadata-size 64k --pbkdf pbkdf2 --pbkdf-force-iterations 1000"}) {
    INFO(options);
    REQUIRE(here.run(format + "--type luks2 " + options));
    const auto found = walk_file(here, "image", "luks");
    INFO((found ? std::string{} : found.error().message));
    REQUIRE(found.has_value());
    CHECK(found->virtual_size == std::uint64_t{4} << 20);
    REQUIRE(here.run("truncate -s 15M image"));
    check_file_refused(here, "image", "luks", error_code::image_truncated);
  }
}
