// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/seeds.hpp"

#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "tests/fuzz/outline.hpp"
#include "tests/hostile/images/disc.hpp"
#include "tests/hostile/images/extended_partitions.hpp"
#include "tests/hostile/images/luks.hpp"
#include "tests/hostile/images/luks2.hpp"
#include "tests/hostile/images/optical_disc.hpp"
#include "tests/hostile/images/qcow2.hpp"
#include "tests/hostile/images/qcow2_disk.hpp"
#include "tests/hostile/images/qed.hpp"
#include "tests/hostile/images/raw_disk.hpp"
#include "tests/hostile/images/vhd.hpp"
#include "tests/hostile/images/vhdx.hpp"
#include "tests/hostile/images/vhdx_blocks.hpp"
#include "tests/hostile/images/virtual_box.hpp"
#include "tests/hostile/images/vmdk.hpp"
#include "tests/hostile/images/vmdk_grains.hpp"

namespace sluice::tests::fuzz {
namespace {

namespace images = hostile;

/// Guest's data that the builders fill in, of which no reader sees the content.
bytes without_filling(bytes image) {
  constexpr std::size_t unit = 512;
  for (auto rest = std::span{image}; rest.size() >= unit; rest = rest.subspan(unit))
    if (std::ranges::all_of(rest.first(unit), [](std::byte each) { return each == std::byte{0x5A}; }))
      std::ranges::fill(rest.first(unit), std::byte{0});
  return image;
}

/// `sound_vmdk_stream` in grains of `sectors`, compressed as programs do it.
bytes packed_vmdk_stream(std::uint64_t sectors) {
  images::vmdk_stream stream;
  const bytes grain(sectors * 512, std::byte{0x5A});
  for (const std::size_t index : {0U, 3U, 159U}) {
    bytes packed(compressBound(grain.size()));
    auto length = static_cast<uLongf>(packed.size());
    compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(grain.data()),
             grain.size());
    packed.resize(length);
    stream.put_grain(index, packed, index * sectors);
  }
  stream.put_tables();
  stream.put_footer();
  const auto text =
      images::vmdk_descriptor("streamOptimized", "RW " + std::to_string(sectors * 160) + " SPARSE \"disk.vmdk\"\n");
  std::fill_n(stream.image.begin() + 512, 512, std::byte{0});
  images::put_text(stream.image, 512, text);
  for (const auto header : {std::size_t{0}, stream.footer_sector * 512}) {
    images::put_little(stream.image, header + 12, 8, sectors * 160);
    images::put_little(stream.image, header + 20, 8, sectors);
  }
  return stream.image;
}

/// Two levels of tables and two clusters of data, in clusters of 4 KiB.
bytes qed_with_tables() {
  constexpr std::size_t cluster = 4096;
  auto image = images::qed_image();
  image.resize(7 * cluster);
  images::put_little(image, 4, 4, cluster);
  images::put_little(image, 8, 4, 2);
  images::put_little(image, 40, 8, cluster);
  images::put_little(image, 48, 8, 1 << 20);
  images::put_little(image, cluster, 8, 3 * cluster);
  images::put_little(image, 3 * cluster, 8, 5 * cluster);
  images::put_little(image, 3 * cluster + 8, 8, 1);
  images::put_little(image, 3 * cluster + 16, 8, 6 * cluster);
  return image;
}

/// Two blocks of ten, the later one first.
bytes vdi_with_blocks() {
  auto image = images::vdi_image();
  image.resize(1024 + (2 << 20));
  images::put_little(image, 0x184, 4, 2);
  images::put_little(image, 0x200, 4, 1);
  images::put_little(image, 0x204, 4, 0xFFFFFFFE);
  images::put_little(image, 0x208, 4, 0);
  return image;
}

/// The first block of five with data, and one sector of it used.
bytes vhd_with_block() {
  auto image = images::dynamic_vhd();
  const bytes footer(image.end() - 512, image.end());
  images::put_big(image, 1536, 4, 4);
  std::fill(image.end() - 512, image.end(), std::byte{0});
  images::put_byte(image, 2048, 0x80);
  image.resize(2048 + 512 + (2 << 20));
  image.insert(image.end(), footer.begin(), footer.end());
  return image;
}

bytes fixed_vhd() {
  bytes image(64 << 10);
  images::put_vhd_footer(image, image.size(), image.size(), 2);
  return image;
}

/// Extended L2 entries, and counts of eight bits.
bytes qcow2_with_subclusters() {
  constexpr std::size_t cluster = 16384;
  bytes image(6 * cluster);
  images::put_text(image, 0, "QFI\xfb");
  images::put_big(image, 4, 4, 3);
  images::put_big(image, 20, 4, 14);
  images::put_big(image, 24, 8, 1 << 20);
  images::put_big(image, 36, 4, 1);
  images::put_big(image, 40, 8, 3 * cluster);
  images::put_big(image, 48, 8, cluster);
  images::put_big(image, 56, 4, 1);
  images::put_big(image, 72, 8, 16);
  images::put_big(image, 96, 4, 3);
  images::put_big(image, 100, 4, 104);
  images::put_big(image, cluster, 8, 2 * cluster);
  for (std::size_t i = 0; i < 6; ++i)
    images::put_byte(image, 2 * cluster + i, 1);
  images::put_big(image, 3 * cluster, 8, (4 * cluster) | images::qcow2_disk::copied);
  images::put_big(image, 4 * cluster, 8, (5 * cluster) | images::qcow2_disk::copied);
  images::put_big(image, 4 * cluster + 8, 8, 0xFFFFFFF00000000F);
  return image;
}

/// A disc that is a disk as well: a boot record, and with `table` a GUID partition table.
bytes hybrid_disc(bool table) {
  auto image = images::optical_disc();
  if (!table) {
    images::put_mbr(image, image.size() / 512);
    return image;
  }
  const auto disk = images::gpt_disk(image.size());
  for (std::size_t i = 0; i < image.size(); ++i)
    if (disk[i] != std::byte{0})
      image[i] = disk[i];
  return image;
}

/// Not closed: both headers name a log, which holds an entry or none.
bytes vhdx_with_log(bool entry) {
  auto image = images::sound_vhdx();
  for (const auto header : {images::vhdx_places::header, images::vhdx_places::second_header}) {
    images::put_text(image, header + 48, "0123456789abcdef");
    images::seal_vhdx(image, header, 4096);
  }
  if (entry) {
    images::put_text(image, 1 << 20, "loge");
    images::put_text(image, (1 << 20) + 32, "0123456789abcdef");
  }
  return image;
}

/// Not closed, with the extensions that QEMU writes.
bytes qcow2_with_extensions() {
  auto disk = images::small_qcow2();
  images::put_byte(disk.bytes, 79, 1);
  images::put_big(disk.bytes, 104, 4, 0x6803F857);
  images::put_big(disk.bytes, 108, 4, 48);
  images::put_text(disk.bytes, 114, "dirty bit");
  images::put_big(disk.bytes, 160, 4, 0x12345678);
  images::put_big(disk.bytes, 164, 4, 3);
  return disk.bytes;
}

/// Encrypted with LUKS: the header in a cluster of its own.
bytes encrypted_qcow2() {
  auto disk = images::small_qcow2();
  const auto place = disk.add();
  images::put_big(disk.bytes, 32, 4, 2);
  images::put_big(disk.bytes, 104, 4, 0x0537BE77);
  images::put_big(disk.bytes, 108, 4, 16);
  images::put_big(disk.bytes, 112, 8, place);
  images::put_big(disk.bytes, 120, 8, 592);
  const auto volume = images::luks_image();
  for (std::size_t i = 0; i < 592; ++i)
    disk.bytes[place + i] = volume[i];
  disk.finish();
  return disk.bytes;
}

void append(std::vector<bytes>& all, std::vector<bytes> more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::vector<bytes> qcow2_seeds() {
  using images::qcow2_disk;
  auto with_snapshot = images::small_qcow2();
  with_snapshot.add_snapshot();
  with_snapshot.finish();
  auto with_bitmap = images::small_qcow2();
  with_bitmap.add_bitmap();
  with_bitmap.finish();
  qcow2_disk deflated;
  const auto stored = deflated.add();
  deflated.add();
  deflated.put_l2(0, qcow2_disk::descriptor(stored, 9));
  deflated.put_all(stored, qcow2_disk::deflated_zeros());
  deflated.finish();
  qcow2_disk packed;
  const auto frame = packed.add();
  packed.put_l2(0, qcow2_disk::descriptor(frame, 1));
  packed.put_all(frame, qcow2_disk::zstd_zeros());
  images::put_big(packed.bytes, 72, 8, 8);
  images::put_big(packed.bytes, 100, 4, 112);
  images::put_byte(packed.bytes, 104, 1);
  packed.finish();
  return outlined({images::qcow2_image(), images::small_qcow2(2).bytes, images::small_qcow2(3).bytes,
                   with_snapshot.bytes, with_bitmap.bytes, deflated.bytes, packed.bytes, qcow2_with_subclusters(),
                   qcow2_with_extensions(), encrypted_qcow2()});
}

std::vector<bytes> qed_seeds() {
  return outlined({images::qed_image(), qed_with_tables()});
}

std::vector<bytes> vdi_seeds() {
  return outlined({images::vdi_image(), vdi_with_blocks()});
}

std::vector<bytes> vmdk_seeds() {
  return outlined({images::vmdk_image(), images::stream_optimised_vmdk(), without_filling(images::vmdk_with_grains()),
                   packed_vmdk_stream(128), packed_vmdk_stream(8)});
}

std::vector<bytes> vhd_seeds() {
  return outlined({images::dynamic_vhd(), vhd_with_block(), fixed_vhd()});
}

std::vector<bytes> vhdx_seeds() {
  return outlined(
      {images::sound_vhdx(), without_filling(images::vhdx_with_blocks()), vhdx_with_log(false), vhdx_with_log(true)});
}

std::vector<bytes> luks_seeds() {
  return outlined({images::luks_image(), images::luks2_image()});
}

std::vector<bytes> iso_seeds() {
  return outlined(
      {images::iso_image(), images::optical_disc(), images::bridge_disc(), hybrid_disc(false), hybrid_disc(true)});
}

std::vector<bytes> raw_seeds() {
  auto all = outlined({images::mbr_disk(), images::gpt_disk(), images::extended_disk()});
  append(all, filesystem_seeds());
  return all;
}

std::vector<bytes> every_image() {
  std::vector<bytes> all;
  for (const auto seeds : {qcow2_seeds, qed_seeds, vdi_seeds, vmdk_seeds, vhd_seeds, vhdx_seeds, luks_seeds, iso_seeds,
                           raw_seeds, kernel_seeds, tar_seeds})
    append(all, seeds());
  return all;
}

}  // namespace sluice::tests::fuzz
