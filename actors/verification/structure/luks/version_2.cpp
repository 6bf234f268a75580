// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>

#include "actors/verification/structure/image_part.hpp"
#include "actors/verification/structure/luks/luks_volume.hpp"

namespace sluice::actors::verification::structure::luks {
namespace {

using formats::bytes_view;
using formats::read_big_endian;
using schemas::error_code;
using schemas::failure;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t binary_size = 4096;
constexpr std::size_t checksum_place = 448;
constexpr std::size_t checksum_field = 64;
constexpr std::size_t digest_size = 32;

/// SHA-256 over the header and its JSON, the checksum's own field counted as zeros (section 2.2).
bool checksum_agrees(bytes_view header) {
  constexpr std::array<std::byte, checksum_field> zeros{};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  const auto rest = header.subspan(checksum_place + checksum_field);
  const bool done = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), header.data(), checksum_place) == 1 &&
                    EVP_DigestUpdate(context.get(), zeros.data(), zeros.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), rest.data(), rest.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1;
  const auto stored = header.subspan(checksum_place, digest_size);
  return done && std::ranges::equal(std::as_bytes(std::span{digest}.first(digest_size)), stored);
}

/// What the first 4096 bytes of a header must say; `place` is where it stands.
result<std::uint64_t> check_binary(bytes_view header, std::string_view magic, std::uint64_t place) {
  const auto length = read_big_endian<std::uint64_t>(header, 8);
  if (!formats::holds(header, 0, magic) || read_big_endian<std::uint16_t>(header, 6) != 2)
    return impossible("second header");
  if (length < (16 << 10) || length > (4 << 20) || !std::has_single_bit(length))
    return impossible("header length");
  if (read_big_endian<std::uint64_t>(header, 256) != place)
    return impossible("header place");
  if (!formats::holds(header, 72, {"sha256\0", 7}))
    return refuse(error_code::unknown_feature,
                  "The LUKS volume's header has a checksum other than SHA-256. Write it anew with 'cryptsetup' and try "
                  "again.");
  return length;
}

result<image_piece> read_header(image_bytes& image, std::string_view magic, std::uint64_t place, walk_budget& budget) {
  const auto front = image_piece::read(image, place, binary_size, budget);
  if (!front)
    return schemas::unexpected<failure>{front.error()};
  const auto length = check_binary(front->bytes(), magic, place);
  if (!length)
    return schemas::unexpected<failure>{length.error()};
  auto whole = image_piece::read(image, place, *length, budget);
  if (whole && !checksum_agrees(whole->bytes()))
    return refuse(error_code::image_corrupt,
                  "The checksum of a LUKS header is wrong. The volume is damaged: repair it with 'cryptsetup repair' "
                  "or get it anew.");
  return whole;
}

/// The JSON area is text that a zero ends, and nothing behind it (section 3).
result<std::string_view> json_of(bytes_view header) {
  const auto area = header.subspan(binary_size);
  const auto text = formats::as_text(area);
  const auto end = text.find('\0');
  if (end == text.npos || !formats::all_zero(area.subspan(end)))
    return impossible("metadata's end");
  return text.substr(0, end);
}

}  // namespace

result<std::uint64_t> walk_version_2(image_bytes& image, const walk_policy& policy, walk_budget& budget) {
  const auto primary = read_header(image, magic, 0, budget);
  if (!primary)
    return schemas::unexpected<failure>{primary.error()};
  const auto length = primary->bytes().size();
  const auto secondary = read_header(image, {"SKUL\xba\xbe", 6}, length, budget);
  if (!secondary)
    return schemas::unexpected<failure>{secondary.error()};
  if (secondary->bytes().size() != length)
    return impossible("second header");
  const auto json = json_of(primary->bytes());
  const auto other = json_of(secondary->bytes());
  if (!json || !other)
    return schemas::unexpected<failure>{(json ? other : json).error()};
  const auto sequence = [](const image_piece& header) { return read_big_endian<std::uint64_t>(header.bytes(), 16); };
  const bool same = sequence(*primary) == sequence(*secondary) && *json == *other;
  if (!same && !policy.accept_dirty)
    return refuse(error_code::image_corrupt,
                  "The two headers of the LUKS volume do not say the same: it was not closed properly. Open it once "
                  "with 'cryptsetup' and try again.");
  // The one written last counts.
  const auto& newer = sequence(*secondary) > sequence(*primary) ? *other : *json;
  return check_metadata(newer, length, image.size(), budget);
}

}  // namespace sluice::actors::verification::structure::luks
