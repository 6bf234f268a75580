// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "tests/actors/verification/structure/walking.hpp"
#include "tests/actors/verification/workshop.hpp"

using namespace sluice::tests;
namespace structure = sluice::actors::verification::structure;

namespace {

/// Walks the file as the service does, without reading it into memory.
sluice::schemas::result<walk_findings> walk_file(const std::filesystem::path& path, std::string_view format,
                                                 const walk_policy& policy = {}) {
  const auto descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  auto file = structure::file_bytes::of(descriptor);
  REQUIRE(file.has_value());
  walk_budget budget{policy};
  auto found = structure::walk_of(format)(*file, policy, budget);
  ::close(descriptor);
  return found;
}

void compare_with_qemu(const workshop& here, const std::string& name, const std::string& format) {
  const auto size = here.virtual_size(name, format);
  REQUIRE(size != 0);
  const auto found = walk_file(here.path(name), format);
  INFO((found ? std::string{} : found.error().message));
  REQUIRE(found.has_value());
  CHECK(found->disk_format == format);
  CHECK(found->virtual_size == size);
  CHECK(walk(here.image(name), format) == found);
}
void check_and_compare_with_qemu(const workshop& here, const std::string& name, const std::string& format) {
  REQUIRE(here.run("qemu-img check -f " + format + " " + name));
  compare_with_qemu(here, name, format);
}

/// A disk whose content does not compress, compresses, is zeros, and is a hole; its end is in the middle of a cluster.
void make_disk(const workshop& here) {
  REQUIRE(
      here.run("truncate -s 5500416 disk && dd if=/dev/urandom of=disk bs=64K seek=3 count=9 conv=notrunc && "
               "yes sluice | dd of=disk bs=64K seek=40 count=20 iflag=fullblock conv=notrunc && "
               "dd if=/dev/zero of=disk bs=64K seek=64 count=2 conv=notrunc && "
               "dd if=/dev/urandom of=disk bs=512 seek=10742 count=1 conv=notrunc"));
}

}  // namespace

TEST_CASE("every qcow2, QED and VDI that qemu-img converts to passes the walk with its virtual size") {
  const workshop here;
  make_disk(here);
  std::vector<std::string> options{"qcow2 -o compat=0.10",
                                   "qcow2 -o compat=1.1,lazy_refcounts=on",
                                   "qcow2 -o extended_l2=on",
                                   "qcow2 -o extended_l2=on,cluster_size=16k",
                                   "qcow2 -o extended_l2=on,cluster_size=2M",
                                   "qcow2 -c -o extended_l2=on",
                                   "qcow2 -c -o compat=0.10",
                                   "qcow2 -S 0",
                                   "qed",
                                   "qed -o cluster_size=4k,table_size=2",
                                   "qed -o cluster_size=1M,table_size=16",
                                   "vdi",
                                   "vdi -o static=on"};
  for (int bits = 9; bits <= 21; ++bits)
    for (const std::string compression : {"", "-c -o compression_type=zlib ", "-c -o compression_type=zstd "})
      options.push_back("qcow2 " + compression + "-o cluster_size=" + std::to_string(1 << bits));
  for (int bits = 1; bits <= 64; bits *= 2)
    options.push_back("qcow2 -o refcount_bits=" + std::to_string(bits));
  for (const auto& option : options) {
    INFO(option);
    REQUIRE(here.run("qemu-img convert -f raw disk image -O " + option));
    check_and_compare_with_qemu(here, "image", option.substr(0, option.find(' ')));
  }
}

TEST_CASE("an encrypted qcow2 passes the walk, which says what it could not inspect") {
  const workshop here;
  make_disk(here);
  REQUIRE(
      here.run("qemu-img convert -f raw disk image -O qcow2 --object secret,id=key,data=secret -o "
               "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10"));
  compare_with_qemu(here, "image", "qcow2");
  CHECK(walk(here.image("image"), "qcow2")->remarks.size() == 1);
}

TEST_CASE("every qcow2, QED and VDI that qemu-img creates, of any size, passes the walk") {
  const workshop here;
  for (const std::string size : {"512", "12345678", "100G"})
    for (const std::string option :
         {"qcow2", "qcow2 -o preallocation=metadata", "qcow2 -o cluster_size=512", "qcow2 -o extended_l2=on",
          "qcow2 -o extended_l2=on,preallocation=metadata", "qed", "vdi"}) {
      if (size == "100G" && option.find("cluster_size=512") != std::string::npos)
        continue;  // QEMU itself does not make one
      if (size.back() == 'G' && option.find("metadata") != std::string::npos)
        continue;  // some 13 MiB of tables, which would be read into memory by the comparison below
      INFO(option << " of " << size);
      REQUIRE(here.run("rm -f image && qemu-img create -f " + option + " image " + size));
      check_and_compare_with_qemu(here, "image", option.substr(0, option.find(' ')));
    }
  for (const std::string option : {"falloc", "full"}) {
    REQUIRE(here.run("rm -f image && qemu-img create -f qcow2 -o preallocation=" + option + " image 3145728"));
    compare_with_qemu(here, "image", "qcow2");
  }
}

TEST_CASE("a qcow2 that lived - written, resized, rebased, with snapshots and bitmaps - passes the walk") {
  const workshop here;
  make_disk(here);
  const std::vector<std::string> lives{
      "qemu-img snapshot -c one image && qemu-img snapshot -c two image",
      "qemu-img snapshot -c one image && qemu-img bench -c 50 -w -f qcow2 -o 200704 -s 4096 -S 69632 image && "
      "qemu-img snapshot -c two image && qemu-img bench -c 30 -w -f qcow2 -s 8192 -S 131072 image",
      "qemu-img snapshot -c one image && qemu-img bench -c 50 -w -f qcow2 image && qemu-img snapshot -a one image",
      "qemu-img snapshot -c one image && qemu-img bench -c 50 -w -f qcow2 image && qemu-img snapshot -d one image",
      "qemu-img bitmap --add -g 65536 image first && qemu-img bitmap --add --disable image second",
      "qemu-img bitmap --add -g 512 image b && qemu-img bench -c 50 -w -f qcow2 image",
      "qemu-img resize -f qcow2 image 20M",
      "qemu-img resize -f qcow2 --shrink image 1000448",
      "qemu-img resize -f qcow2 --preallocation=metadata image 20M",
      "qemu-img bench -c 100 -w -f qcow2 -o 4096 -s 512 -S 53248 image",
      "qemu-img amend -f qcow2 -o lazy_refcounts=on image && qemu-img bench -c 20 -w -f qcow2 image"};
  for (const std::string created : {"-o cluster_size=4096", "-o extended_l2=on", "-c"})
    for (const auto& life : lives) {
      INFO(created << ": " << life);
      REQUIRE(here.run("qemu-img convert -f raw -O qcow2 " + created + " disk image && " + life));
      if (here.status("qemu-img check -f qcow2 image") == 0)
        compare_with_qemu(here, "image", "qcow2");
      else  // leaks, which QEMU itself leaves behind
        CHECK(walk_file(here.path("image"), "qcow2").has_value());
    }
}

TEST_CASE("a huge sparse qcow2 takes a walk little memory") {
  const workshop here;
  walk_policy policy;
  policy.memory = 1 << 20;
  REQUIRE(here.run("qemu-img create -f qcow2 image 100G"));
  CHECK(walk_file(here.path("image"), "qcow2", policy).has_value());
  policy.memory = 64 << 20;
  REQUIRE(here.run("rm image && qemu-img create -f qcow2 -o preallocation=metadata image 100G"));
  const auto found = walk_file(here.path("image"), "qcow2", policy);
  REQUIRE(found.has_value());
  CHECK(found->virtual_size == std::uint64_t{100} << 30);
}
