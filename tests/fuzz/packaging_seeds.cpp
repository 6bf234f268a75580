// SPDX-License-Identifier: Apache-2.0
// What is around images, and what is said of them.
#include <bzlib.h>
#include <lzma.h>
#include <openssl/sha.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "schemas/json.hpp"
#include "tests/fuzz/outline.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/hostile/images/tar.hpp"
#include "tests/support/signer.hpp"

namespace sluice::tests::fuzz {
namespace {

namespace images = hostile;

bytes of(std::string_view text) {
  const auto view = std::as_bytes(std::span{text});
  return {view.begin(), view.end()};
}

std::string sha256_of(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string digits;
  for (const auto each : digest) {
    digits += "0123456789abcdef"[each >> 4];
    digits += "0123456789abcdef"[each & 15];
  }
  return digits;
}

/// "LENGTH KEYWORD=VALUE\n", where the length, of two digits here, counts itself.
std::string pax_record(std::string_view keyword, std::string_view value) {
  const auto rest = " " + std::string{keyword} + "=" + std::string{value} + "\n";
  return std::to_string(rest.size() + 2) + rest;
}

bytes gzipped(bytes content) {
  bytes packed(4096);
  z_stream deflating{};
  deflateInit2(&deflating, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  deflating.next_in = reinterpret_cast<Bytef*>(content.data());
  deflating.avail_in = static_cast<uInt>(content.size());
  deflating.next_out = reinterpret_cast<Bytef*>(packed.data());
  deflating.avail_out = static_cast<uInt>(packed.size());
  deflate(&deflating, Z_FINISH);
  packed.resize(deflating.total_out);
  deflateEnd(&deflating);
  return packed;
}

}  // namespace

std::vector<bytes> tar_seeds() {
  const images::tar_entry name{"pax", pax_record("path", "disk.vmdk") + pax_record("size", "600"), 'x'};
  const images::tar_entry comment{"pax", pax_record("comment", "x"), 'g'};
  return outlined({
      images::tar_archive({{"disk.ovf", "<Envelope/>"}, {"disk.vmdk", std::string(1500, 'x')}, {"disk.mf", "SHA256"}}),
      images::tar_archive({comment, {"disk.ovf", "<Envelope/>"}, name, {"d", std::string(600, 'x')}}),
  });
}

std::vector<bytes> packed_seeds() {
  const bytes content(1500, std::byte{'x'});
  const auto* const data = reinterpret_cast<const std::uint8_t*>(content.data());
  const auto gzip = gzipped(content);
  bytes xz(1024), zstd(1024), bzip2(1024);
  std::size_t xz_length = 0;
  static_cast<void>(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, nullptr, data, content.size(),
                                            reinterpret_cast<std::uint8_t*>(xz.data()), &xz_length, xz.size()));
  xz.resize(xz_length);
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), content.data(), content.size(), 1));
  auto bzip2_length = static_cast<unsigned>(bzip2.size());
  BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(bzip2.data()), &bzip2_length,
                           const_cast<char*>(reinterpret_cast<const char*>(data)),
                           static_cast<unsigned>(content.size()), 1, 0, 0);
  bzip2.resize(bzip2_length);
  const std::string descriptor =
      R"(<Envelope><References><File id="f" href="disk.vmdk"/></References><DiskSection><Disk diskId="d" fileRef="f" )"
      R"(capacity="1"/></DiskSection></Envelope>)";
  const std::string disk(600, 'x');
  const auto manifest = "SHA256(disk.ovf)= " + sha256_of(descriptor) + "\nSHA256(disk.vmdk)= " + sha256_of(disk) + "\n";
  auto all = outlined({images::tar_archive({{"disk.ovf", descriptor}, {"disk.mf", manifest}, {"disk.vmdk", disk}})});
  // The same gzip with each of the header's optional fields: extra, name, comment, checksum of the header.
  bytes named(gzip.begin(), gzip.begin() + 10);
  named[3] = std::byte{0x1E};
  for (const auto each : std::string_view{"\2\0ab"
                                          "n\0"
                                          "c\0",
                                          8})
    named.push_back(static_cast<std::byte>(each));
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(named.data()), static_cast<uInt>(named.size()));
  named.push_back(static_cast<std::byte>(sum));
  named.push_back(static_cast<std::byte>(sum >> 8));
  named.insert(named.end(), gzip.begin() + 10, gzip.end());
  all.insert(all.end(), {gzip, named, xz, zstd, bzip2, gzipped(bytes(2 << 20))});
  // Two of a kind behind each other, and what tapes are filled up with.
  for (const bytes* const one : std::initializer_list<const bytes*>{&gzip, &xz, &zstd, &bzip2}) {
    auto both = *one;
    both.insert(both.end(), one->begin(), one->end());
    both.resize(both.size() + 16);
    all.push_back(std::move(both));
  }
  return all;
}

std::vector<bytes> certificate_seeds() {
  const auto pem = test::signer{"ECC_SECP384R1", {.key_usage = "digitalSignature"}}.pem();
  return {of(pem), of(test::signer{"RSA-PSS"}.pem())};
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

}  // namespace sluice::tests::fuzz
