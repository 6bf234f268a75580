// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "actors/verification/packaging/member_digest.hpp"
#include "tests/actors/verification/packaging/packed.hpp"
#include "tests/hostile/images/tar.hpp"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::actors::verification::packaging;
using schemas::error_code;
using tests::hostile::tar_archive;
using tests::hostile::tar_entry;

namespace {

std::string disk_content() {
  const auto content = mixed_content(70'000);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

/// DSP0243 2.1: what is read of a descriptor and no more.
std::string descriptor(const std::string& href = "disk.vmdk", const std::string& more = "") {
  return R"(<Envelope xmlns:ovf="u"><References><File ovf:href=")" + href + R"(" ovf:id="f"/>)" + more +
         R"(</References><DiskSection><Disk ovf:capacity="70000" ovf:diskId="d" ovf:fileRef="f"/></DiskSection></Envelope>)";
}

std::string digest(manifest_digest algorithm, const std::string& content) {
  member_digests digests;
  digests.update(std::as_bytes(std::span{content}));
  digests.finish();
  return digests.value(algorithm);
}

std::string manifest(manifest_digest algorithm = manifest_digest::sha256) {
  const std::string name = algorithm == manifest_digest::sha1     ? "SHA1"
                           : algorithm == manifest_digest::sha256 ? "SHA256"
                                                                  : "SHA512";
  return name + "(machine.ovf)= " + digest(algorithm, descriptor()) + "\n" + name +
         "(disk.vmdk)= " + digest(algorithm, disk_content()) + "\n";
}

std::vector<tar_entry> package() {
  return {{"machine.ovf", descriptor()}, {"machine.mf", manifest()}, {"disk.vmdk", disk_content()}};
}

void check_disk(const std::vector<tar_entry>& entries) {
  const auto archive = tar_archive(entries);
  CHECK(sniff(archive) == packing::ova);
  for (const auto& [chunk, room] :
       std::vector<std::pair<std::size_t, std::size_t>>{{1 << 20, 1 << 20}, {512, 100}, {100, 512}, {1, 1}}) {
    const auto came = unpacked(packing::ova, archive, chunk, room);
    if (!came)
      FAIL(came.error().message);
    CHECK((*came == octets_of(disk_content())));
  }
}

void check_refused(const std::vector<tar_entry>& entries, const std::string& words) {
  const auto came = unpacked(packing::ova, tar_archive(entries), 4096, 4096);
  REQUIRE_FALSE(came.has_value());
  CHECK(came.error().code == error_code::unpacking_failed);
  CHECK_THAT(came.error().message, Catch::Contains(words));
}

}  // namespace

TEST_CASE("the disk comes out of an OVA, wherever the manifest stands and with whatever digest") {
  check_disk(package());
  check_disk({{"machine.ovf", descriptor()}, {"disk.vmdk", disk_content()}, {"machine.mf", manifest()}});
  check_disk({{"machine.ovf", descriptor()}, {"disk.vmdk", disk_content()}});
  for (const auto algorithm : {manifest_digest::sha1, manifest_digest::sha512})
    check_disk({{"machine.ovf", descriptor()}, {"machine.mf", manifest(algorithm)}, {"disk.vmdk", disk_content()}});
}

TEST_CASE("members that are not the disk are passed over, a certificate and an unnamed disk among them") {
  check_disk({{"machine.ovf", descriptor()},
              {"machine.mf", manifest()},
              {"machine.cert", "-----BEGIN"},
              {"machine.nvram", std::string(3000, 'n')},
              {"disk.vmdk", disk_content()},
              {"other.vmdk", std::string(5000, 'o')}});
}

TEST_CASE("an OVA that is not what its manifest says is refused") {
  for (const bool first : {true, false}) {
    auto entries = package();
    entries[2].content[12'345] ^= 1;
    if (!first)
      std::swap(entries[1], entries[2]);
    check_refused(entries, "what its manifest says");
    entries = package();
    entries[0].content += " ";
    if (!first)
      std::swap(entries[1], entries[2]);
    check_refused(entries, "what its manifest says");
  }
  auto entries = package();
  entries[1].content = "SHA256(machine.ovf)= " + digest(manifest_digest::sha256, descriptor()) + "\n";
  check_refused(entries, "leaves out");
}

TEST_CASE("an OVA without its one disk is refused") {
  check_refused({{"machine.ovf", descriptor()}}, "is not in it");
  check_refused({{"machine.ovf", descriptor("elsewhere.vmdk")}, {"disk.vmdk", disk_content()}}, "is not in it");
  auto two = descriptor("disk.vmdk", R"(<File ovf:href="second.vmdk" ovf:id="g"/>)");
  two.replace(two.find("</DiskSection>"), 0, R"(<Disk ovf:capacity="1" ovf:diskId="e" ovf:fileRef="g"/>)");
  check_refused({{"machine.ovf", two}, {"disk.vmdk", disk_content()}, {"second.vmdk", "x"}}, "disk");
}

TEST_CASE("the descriptor comes first, and it and the manifest are small") {
  check_refused({{"disk.vmdk", disk_content()}, {"machine.ovf", descriptor()}}, "first member");
  check_refused({{"machine.ovf", std::string((1 << 20) + 1, ' ')}}, "1 MiB");
  check_refused({{"machine.ovf", descriptor()}, {"machine.mf", std::string((1 << 20) + 1, '\n')}}, "1 MiB");
}

TEST_CASE("names that lead elsewhere are refused in an OVA") {
  for (const std::string name : {"../disk.vmdk", "/etc/passwd", "folder/disk.vmdk", ".."}) {
    auto entries = package();
    entries[2].name = name;
    check_refused(entries, "name");
  }
  for (const std::string href : {"../disk.vmdk", "/etc/passwd", "http://example.org/disk.vmdk"})
    check_refused({{"machine.ovf", descriptor(href)}, {"disk.vmdk", disk_content()}}, "");
}

TEST_CASE("a disk of another size than the descriptor says is refused") {
  auto text = descriptor();
  text.replace(text.find("ovf:id=\"f\""), 0, "ovf:size=\"70001\" ");
  check_refused({{"machine.ovf", text}, {"disk.vmdk", disk_content()}}, "70001");
}

TEST_CASE("a disk that is packed inside an OVA is refused") {
  const auto packed = filtered("gzip -n", octets_of(disk_content()));
  const std::string content{reinterpret_cast<const char*>(packed.data()), packed.size()};
  check_refused({{"machine.ovf", descriptor()}, {"disk.vmdk", content}}, "packed again");
}

TEST_CASE("an OVA that is cut off is refused at every length") {
  const auto archive = tar_archive({{"machine.ovf", descriptor()}, {"disk.vmdk", std::string(600, 'd')}});
  for (std::size_t length = 0; length + 1024 < archive.size(); length += 13) {
    const auto came = unpacked(packing::ova, std::span{archive}.first(length), 1 << 16, 1 << 16);
    INFO("cut to " << length);
    REQUIRE_FALSE(came.has_value());
  }
}
