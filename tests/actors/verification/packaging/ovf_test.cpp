// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <random>

#include "actors/verification/packaging/ovf_descriptor.hpp"
#include "actors/verification/packaging/ovf_manifest.hpp"

using namespace sluice::actors::verification::packaging;
using sluice::schemas::error_code;

namespace {

/// As VMware writes it, without what does not matter here (DSP0243 2.1).
std::string descriptor() {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
  <References><File ovf:href="machine-disk1.vmdk" ovf:id="file1" ovf:size="68608"/></References>
  <DiskSection>
    <Info>Virtual disk information</Info>
    <Disk ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk1" ovf:fileRef="file1"
          ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <VirtualSystem ovf:id="vm"><Info>A machine</Info></VirtualSystem>
</Envelope>)";
}
std::string replaced(std::string_view from, std::string_view to) {
  auto text = descriptor();
  const auto at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}
void check_refused(const std::string& text, error_code code = error_code::unpacking_failed) {
  INFO(text.substr(0, 400));
  const auto read = read_ovf_descriptor(text);
  REQUIRE_FALSE(read.has_value());
  INFO(read.error().message);
  CHECK(read.error().code == code);
  CHECK(read.error().message.back() == '.');
}

}  // namespace

TEST_CASE("the one disk of an OVF descriptor is found with its file, capacity and format") {
  const auto disk = read_ovf_descriptor(descriptor());
  REQUIRE(disk.has_value());
  CHECK(disk->href == "machine-disk1.vmdk");
  CHECK(disk->capacity == std::uint64_t{8} << 30);
  CHECK(disk->size == 68608);
  CHECK(disk->format == "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized");
}

TEST_CASE("prefixes and units may differ from writer to writer") {
  CHECK(
      read_ovf_descriptor(replaced("\"8\" ovf:capacityAllocationUnits=\"byte * 2^30\"", "\"8589934592\""))->capacity ==
      std::uint64_t{8} << 30);
  CHECK(read_ovf_descriptor(replaced("byte * 2^30", "byte*2^20"))->capacity == 8 << 20);
  CHECK(read_ovf_descriptor(replaced("byte * 2^30", "byte"))->capacity == 8);
  CHECK(read_ovf_descriptor(R"(<o:Envelope xmlns:o="u"><o:References><o:File o:href="d" o:id="f"/></o:References>)"
                            R"(<o:DiskSection><o:Disk o:capacity="1" o:diskId="i" o:fileRef="f"/></o:DiskSection>)"
                            R"(</o:Envelope>)")
            ->href == "d");
}

TEST_CASE("a descriptor with a document type, with entities, too long or too deep is refused") {
  check_refused("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + descriptor());
  check_refused("<!DOCTYPE a>" + descriptor());
  check_refused(std::string(1 << 20, ' ') + descriptor());
  std::string deep;
  for (int i = 0; i < 100; ++i)
    deep += "<a>";
  for (int i = 0; i < 100; ++i)
    deep += "</a>";
  check_refused(replaced("<Info>Virtual disk information</Info>", deep));
  check_refused("not XML at all");
  check_refused("");
  check_refused("<a/>");
  check_refused("\xff\xfe<\0a\0/\0>\0");
  check_refused(descriptor() + std::string(1, '\0'));
}

TEST_CASE("a disk's file that is a path, a URL or absent is refused") {
  for (const std::string href : {"../disk.vmdk", "/disk.vmdk", "http://host/disk.vmdk", "file:disk", "a/b", "", ".x"})
    check_refused(replaced("machine-disk1.vmdk", href));
  check_refused(replaced("ovf:fileRef=\"file1\"", "ovf:fileRef=\"file2\""));
  check_refused(replaced("ovf:fileRef=\"file1\"", ""));
  check_refused(replaced("</References>", "<File ovf:href=\"b\" ovf:id=\"file1\"/></References>"));
}

TEST_CASE("no disk, several disks, disks with a parent, compressed or split ones are refused") {
  check_refused(replaced("<Disk ovf:capacity", "<Other ovf:capacity"));
  check_refused(replaced("</DiskSection>", "<Disk ovf:capacity=\"1\" ovf:diskId=\"b\"/></DiskSection>"));
  check_refused(replaced("ovf:fileRef", "ovf:parentRef=\"p\" ovf:fileRef"), error_code::differencing_disk);
  check_refused(replaced("ovf:size", "ovf:compression=\"gzip\" ovf:size"));
  check_refused(replaced("ovf:size", "ovf:chunkSize=\"100\" ovf:size"));
}

TEST_CASE("an impossible capacity or size is refused") {
  for (const std::string capacity : {"0", "-1", "", "x", "99999999999999999999", "18446744073709551615"})
    check_refused(replaced("capacity=\"8\"", "capacity=\"" + capacity + "\""));
  for (const std::string unit : {"byte * 2^99", "bit", "byte * 10^3", "byte * 2^"})
    check_refused(replaced("byte * 2^30", unit));
  check_refused(replaced("68608", "many"));
}

TEST_CASE("no mutation of a descriptor makes the reader fall") {
  std::mt19937 random{Catch::rngSeed()};
  for (int round = 0; round < 2000; ++round) {
    auto text = descriptor();
    for (int i = 0; i < 3; ++i)
      text[random() % text.size()] = static_cast<char>(random());
    const auto read = read_ovf_descriptor(text);
    if (!read && read.error().message.empty())
      FAIL("refused without a sentence");
  }
}

TEST_CASE("a manifest gives each file's digest") {
  const std::string digits(64, 'A');
  const auto read =
      read_ovf_manifest("SHA256(machine.ovf)= " + digits + "\r\nSHA1(disk one.vmdk)= " + std::string(40, '0') + "\n\n");
  REQUIRE(read.has_value());
  REQUIRE(read->size() == 2);
  CHECK(read->front() == manifest_entry{manifest_digest::sha256, "machine.ovf", std::string(64, 'a')});
  CHECK(read->back().name == "disk one.vmdk");
}

TEST_CASE("a manifest of other lines is refused") {
  const std::string digits(64, 'a');
  for (const std::string& text :
       {std::string{}, std::string{"hello\n"}, "MD5(a)= " + digits, "SHA256(a)= " + digits.substr(1),
        "SHA256(../a)= " + digits, "SHA256(a)= " + digits.substr(1) + "g", "SHA256(a= " + digits,
        "SHA256(a)= " + digits + "\nSHA256(a)= " + digits, std::string((1 << 20) + 1, '\n')}) {
    const auto read = read_ovf_manifest(text);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == error_code::unpacking_failed);
  }
}
