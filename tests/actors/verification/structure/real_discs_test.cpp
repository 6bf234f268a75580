// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "tests/actors/verification/structure/walking.hpp"
#include "tests/actors/verification/workshop.hpp"

using namespace sluice::tests;
using sluice::schemas::error_code;

namespace {

struct maker {
  std::string tool;
  std::string command;  ///< writes `image`
};

/// Files of all kinds: long names, deep folders, links, an executable, one of several extents' worth of names.
constexpr const char* content =
    "mkdir -p content/a/b/c/d/e/f/g/h/i/j content/boot && head -c 200000 /dev/urandom >content/file && "
    ": >content/empty && ln -s file content/link && ln content/file content/hard && "
    "for i in $(seq 300); do echo $i >content/a/a-rather-long-name-of-a-file-$i.text; done && "
    "touch content/$(printf 'n%.0s' $(seq 200)) && ln -s $(printf 'l%.0s' $(seq 250)) content/long-link && "
    "head -c 4096 /dev/urandom >content/boot/loader && head -c 1474560 /dev/zero >content/boot/floppy && "
    "truncate -s 2M content/boot/efi && mkfs.vfat content/boot/efi";

}  // namespace

TEST_CASE("the walk finds nothing wrong with ISO images as their tools write them, and half of one is refused") {
  const workshop here;
  REQUIRE(here.run(content));
  const std::string boot = "-b boot/loader -c boot/catalog -no-emul-boot -boot-load-size 4 -boot-info-table ";
  const std::vector<maker> makers{
      {"genisoimage", "genisoimage -quiet -o image content"},
      {"genisoimage", "genisoimage -quiet -R -o image content"},
      {"genisoimage", "genisoimage -quiet -J -joliet-long -R -o image content"},
      {"genisoimage", "genisoimage -quiet -J -joliet-long -R -no-pad -o image content"},
      {"genisoimage", "genisoimage -quiet -iso-level 4 -o image content"},
      {"genisoimage", "genisoimage -quiet -U -R -o image content"},
      {"genisoimage", "genisoimage -quiet -udf -J -joliet-long -R -o image content"},
      {"genisoimage", "genisoimage -quiet -R -J -joliet-long " + boot + "-o image content"},
      {"genisoimage", "genisoimage -quiet -R -b boot/floppy -c boot/catalog -o image content"},
      {"genisoimage",
       "genisoimage -quiet -R " + boot + "-eltorito-alt-boot -e boot/efi -no-emul-boot -o image content"},
      {"genisoimage", "genisoimage -quiet -hfs -R -o image content"},
      {"xorrisofs", "xorrisofs -quiet -o image content"},
      {"xorrisofs", "xorrisofs -quiet -J -joliet-long -R -o image content"},
      {"xorrisofs", "xorrisofs -quiet -iso-level 3 -R -hfsplus -o image content"},
      {"xorrisofs", "xorrisofs -quiet -R " + boot + "-eltorito-alt-boot -e boot/efi -no-emul-boot -o image content"},
      {"xorrisofs", "xorrisofs -quiet -R " + boot +
                        "-eltorito-alt-boot -e boot/efi -no-emul-boot -isohybrid-gpt-basdat -partition_offset 16 -o "
                        "image content"},
      {"xorrisofs",
       "xorrisofs -quiet -R -append_partition 2 0xef content/boot/efi -appended_part_as_gpt "
       "-eltorito-alt-boot -e --interval:appended_partition_2:all:: -no-emul-boot -o image content"},
      {"xorrisofs", "xorrisofs -quiet -R -append_partition 2 0xef content/boot/efi -o image content"},
      {"xorriso", "xorriso -outdev image -map content/boot /boot -commit -map content/file /later -commit"},
      {"grub-mkrescue", "grub-mkrescue -d /usr/lib/grub/i386-pc -o image content/boot"},
      {"mkudffs", "truncate -s 4M image && mkudffs --media-type=hd image"},
      {"mkudffs", "truncate -s 4M image && mkudffs --media-type=dvd --blocksize=2048 image"}};
  std::size_t made = 0;
  for (const auto& [tool, command] : makers) {
    if (!workshop::has(tool) || (tool == "grub-mkrescue" && !here.run("test -d /usr/lib/grub/i386-pc")))
      continue;
    INFO(command);
    REQUIRE(here.run("rm -f image && " + command));
    auto image = here.image("image");
    check_sound(image, "iso", here.virtual_size("image", "raw"));
    image.resize(image.size() / 2);
    check_unsound(image, "iso", error_code::image_truncated);
    ++made;
  }
  CHECK(made >= 10);
}

TEST_CASE("the walk finds nothing wrong with a rescue disc of a distribution") {
  const workshop here;
  const std::string disc = "/usr/lib/grub-rescue/grub-rescue-cdrom.iso";
  if (!here.run("cp " + disc + " image"))
    return;
  const auto image = here.image("image");
  check_sound(image, "iso", here.virtual_size("image", "raw"));
}
