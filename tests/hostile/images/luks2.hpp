// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/sha.h>

#include <string>
#include <string_view>

#include "tests/hostile/images/writer.hpp"

namespace sluice::tests::hostile {

inline constexpr std::size_t luks2_header = 16 << 10;
inline constexpr std::size_t luks2_payload = 1 << 20;

/// Writes the checksum of the header at `at` (LUKS2 On-Disk Format Specification 1.1.3, section 2.2).
inline void seal_luks2(image_bytes& image, std::size_t at, std::size_t length = luks2_header) {
  for (std::size_t i = 0; i < 64; ++i)
    put_byte(image, at + 448 + i, 0);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(image.data() + at), length, digest);
  for (std::size_t i = 0; i < sizeof digest; ++i)
    put_byte(image, at + 448 + i, digest[i]);
}

inline void put_luks2_header(image_bytes& image, std::size_t at, std::string_view json) {
  put_text(image, at, at == 0 ? "LUKS\xba\xbe" : "SKUL\xba\xbe");
  put_big(image, at + 6, 2, 2);
  put_big(image, at + 8, 8, luks2_header);
  put_big(image, at + 16, 8, 3);
  put_text(image, at + 72, "sha256");
  put_big(image, at + 256, 8, at);
  put_text(image, at + 4096, json);
  seal_luks2(image, at);
}

inline std::string luks2_json() {
  return R"({"keyslots":{"0":{"type":"luks2","key_size":64,"af":{"type":"luks1","stripes":4000,"hash":"sha256"},)"
         R"("area":{"type":"raw","offset":"32768","size":"258048","encryption":"aes-xts-plain64","key_size":64},)"
         R"("kdf":{"type":"argon2id","time":4,"memory":65536,"cpus":2,"salt":"AA=="}},)"
         R"("1":{"type":"luks2","key_size":64,"af":{"type":"luks1","stripes":4000,"hash":"sha256"},)"
         R"("area":{"type":"raw","offset":"290816","size":"258048","encryption":"aes-xts-plain64","key_size":64},)"
         R"("kdf":{"type":"pbkdf2","hash":"sha256","iterations":1000,"salt":"AA=="}}},)"
         R"("tokens":{},"segments":{"0":{"type":"crypt","offset":"1048576","size":"dynamic","iv_tweak":"0",)"
         R"("encryption":"aes-xts-plain64","sector_size":4096}},)"
         R"("digests":{"0":{"type":"pbkdf2","keyslots":["0","1"],"segments":["0"],"hash":"sha256",)"
         R"("iterations":1000,"salt":"AA==","digest":"AA=="}},)"
         R"("config":{"json_size":"12288","keyslots_size":"1015808"}})";
}

/// A LUKS volume of version 2 with two key slots and 1 MiB of payload, around the metadata given.
inline image_bytes luks2_image(std::string_view json) {
  image_bytes image(luks2_payload + (1 << 20));
  put_luks2_header(image, 0, json);
  put_luks2_header(image, luks2_header, json);
  return image;
}
inline image_bytes luks2_image() {
  return luks2_image(luks2_json());
}

}  // namespace sluice::tests::hostile
