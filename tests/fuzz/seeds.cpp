// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/seeds.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "schemas/json.hpp"
#include "tests/hostile/images/disc.hpp"
#include "tests/hostile/images/extended_partitions.hpp"
#include "tests/hostile/images/luks.hpp"
#include "tests/hostile/images/luks2.hpp"
#include "tests/hostile/images/optical_disc.hpp"
#include "tests/hostile/images/qcow2.hpp"
#include "tests/hostile/images/qcow2_disk.hpp"
#include "tests/hostile/images/qed.hpp"
#include "tests/hostile/images/raw_disk.hpp"
#include "tests/hostile/images/tar.hpp"
#include "tests/hostile/images/vhd.hpp"
#include "tests/hostile/images/vhdx.hpp"
#include "tests/hostile/images/vhdx_blocks.hpp"
#include "tests/hostile/images/virtual_box.hpp"
#include "tests/hostile/images/vmdk.hpp"
#include "tests/hostile/images/vmdk_grains.hpp"

namespace sluice::tests::fuzz {
namespace {

namespace images = hostile;

bytes of(std::string_view text) {
  const auto view = std::as_bytes(std::span{text});
  return {view.begin(), view.end()};
}

void append(std::vector<bytes>& all, std::vector<bytes> more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::vector<bytes> qcow2_seeds() {
  return {images::qcow2_image(), images::small_qcow2(2).bytes, images::small_qcow2(3).bytes};
}

std::vector<bytes> qed_seeds() {
  return {images::qed_image()};
}

std::vector<bytes> vdi_seeds() {
  return {images::vdi_image()};
}

std::vector<bytes> vmdk_seeds() {
  return {images::vmdk_image(), images::stream_optimised_vmdk(), images::vmdk_with_grains(),
          images::sound_vmdk_stream().image};
}

std::vector<bytes> vhd_seeds() {
  return {images::dynamic_vhd()};
}

std::vector<bytes> vhdx_seeds() {
  return {images::sound_vhdx(), images::vhdx_with_blocks()};
}

std::vector<bytes> luks_seeds() {
  return {images::luks_image(), images::luks2_image()};
}

std::vector<bytes> iso_seeds() {
  return {images::iso_image(), images::optical_disc(), images::bridge_disc()};
}

std::vector<bytes> raw_seeds() {
  return {images::mbr_disk(), images::gpt_disk(), images::extended_disk()};
}

std::vector<bytes> every_image() {
  std::vector<bytes> all;
  for (const auto seeds : {qcow2_seeds, qed_seeds, vdi_seeds, vmdk_seeds, vhd_seeds, vhdx_seeds, luks_seeds, iso_seeds,
                           raw_seeds, tar_seeds})
    append(all, seeds());
  return all;
}

std::vector<bytes> tar_seeds() {
  return {
      images::tar_archive({{"disk.ovf", "<Envelope/>"}, {"disk.vmdk", std::string(1500, 'x')}, {"disk.mf", "SHA256"}})};
}

std::vector<bytes> ovf_seeds() {
  return {
      of(R"(<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf=")"
         R"(http://schemas.dmtf.org/ovf/envelope/1"><References><File ovf:id="f1" ovf:href="disk.vmdk" ovf:size="9"/>)"
         R"(</References><DiskSection><Info/><Disk ovf:diskId="d1" ovf:fileRef="f1" ovf:capacity="1" )"
         R"(ovf:capacityAllocationUnits="byte * 2^30" ovf:format="http://www.vmware.com/interfaces/specifications/)"
         R"(vmdk.html#streamOptimized"/></DiskSection></Envelope>)")};
}

std::vector<bytes> manifest_seeds() {
  return {
      of("SHA1(disk.ovf)= 0123456789012345678901234567890123456789\n"
         "SHA256(disk.vmdk)= e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n")};
}

std::vector<bytes> request_seeds() {
  return {
      of(R"({"location":"https://a.example/x.qcow2","image_properties":{"name":"n","tags":["a","b"],"min_disk":1,)"
         R"("visibility":"private","protected":false,"k":"v"},"expect":{"size":5,"checksum":{"algorithm":"sha256",)"
         R"("value":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}})"),
      of(R"({"location":"http://[2001:db8::1]:8080/%C3%A9?a=b"})"),
      of(R"({"namespace":"n","visibility":"public","properties":{"p":{"title":"t","type":"array","items":{"enum":[1]}}},)"
         R"("objects":[{"name":"o","required":["p"]}],"tags":[{"name":"t"}]})")};
}

std::vector<bytes> record_seeds() {
  schemas::image_import import;
  import.id = "11111111-2222-4333-8444-555555555555";
  import.request.location = "https://a.example/x";
  import.request.properties.tags = {"a", "b"};
  import.facts.emplace();
  schemas::image image;
  image.id = import.id;
  return {of(schemas::encode(import)), of(schemas::encode(image))};
}

std::vector<bytes> configuration_seeds() {
  return {of(
      "[imports]\nmax_running = 3\nmax_image_size = \"1TiB\"\nresult_ttl = \"48h\"\n[bandwidth]\nlink = \"10Gbit/s\"\n"
      "schedule = [{ from = \"01:00\", to = \"05:00\", profile = \"balanced\" }]\n"
      "[bandwidth.projects.\"p\"]\nweight = 2\nmax = \"100MiB/s\"\n"
      "[sources]\nallow_networks = [\"10.0.0.0/8\", \"fd00::/8\"]\nports = [80, 443]\n[verify]\nraw = \"any\"\n")};
}

std::vector<bytes> location_seeds() {
  return {of("https://user:pass@a.example:8443/path/x.qcow2?q=1#f"),
          of("http://127.0.0.1/"),
          of("http://0x7f.1/"),
          of("https://[::ffff:10.0.0.1]/"),
          of("swift+https://p:u:k@h/v3/c/o"),
          of("swift://h/a/c/o%2Fp?temp_url_sig=1#h")};
}

std::vector<bytes> chunked_seeds() {
  return {of("5\r\nhello\r\n3;a=b\r\nabc\r\n0\r\nTrailer: x\r\n\r\n")};
}

}  // namespace sluice::tests::fuzz
