// SPDX-License-Identifier: Apache-2.0
#include "schemas/image_signature.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "schemas/json_value.hpp"

namespace sluice::schemas {
namespace {

constexpr std::array<const char*, 4> property_names{"img_signature", "img_signature_hash_method",
                                                    "img_signature_key_type", "img_signature_certificate_uuid"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> hash_methods{
    {{"SHA-224", "sha224"}, {"SHA-256", "sha256"}, {"SHA-384", "sha384"}, {"SHA-512", "sha512"}}};
/// Those of OpenStack's cursive: curves below 384 bits are left out on purpose there.
constexpr std::array<std::string_view, 8> key_types{"RSA-PSS",       "DSA",           "ECC_SECP384R1", "ECC_SECP521R1",
                                                    "ECC_SECT409K1", "ECC_SECT409R1", "ECC_SECT571K1", "ECC_SECT571R1"};
constexpr std::size_t longest_signature = 8192;  // bytes; RSA with 65536 bits

std::optional<std::uint32_t> sextet(char c) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto at = alphabet.find(c);
  return at == std::string_view::npos ? std::nullopt : std::optional{static_cast<std::uint32_t>(at)};
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string decoded;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
      continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = sextet(c);
    if (!value || padding > 0)
      return std::nullopt;
    bits = bits << 6 | *value;
    if (++digits % 4 == 0)
      for (const int shift : {16, 8, 0})
        decoded += static_cast<char>(bits >> shift & 0xff);
  }
  const auto left = digits % 4;
  if ((left == 0 && padding != 0) || left == 1 || (left > 1 && padding != 4 - left))
    return std::nullopt;
  if (left == 2)
    decoded += static_cast<char>(bits >> 4 & 0xff);
  if (left == 3) {
    decoded += static_cast<char>(bits >> 10 & 0xff);
    decoded += static_cast<char>(bits >> 2 & 0xff);
  }
  return decoded;
}

std::optional<std::string> canonical_uuid(std::string_view text) {
  if (text.size() != 36)
    return std::nullopt;
  std::string lower;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'F' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !digit)
      return std::nullopt;
    lower += c;
  }
  return lower;
}

result<std::optional<image_signature>> signature_of(const std::map<std::string, std::string>& properties,
                                                    std::string_view pointer) {
  const auto field = [pointer](std::string_view name) { return json_pointer(pointer, name); };
  const auto is_there = [&properties](const char* name) { return properties.contains(name); };
  if (std::ranges::none_of(property_names, is_there))
    return std::optional<image_signature>{};
  for (const auto* const name : property_names)
    if (!is_there(name))
      return refuse(error_code::invalid_request,
                    std::string{"Expected "} + name +
                        ": a signed image has all four img_signature properties. Add it, or leave the others out.",
                    field(name));
  image_signature read;
  auto decoded = decode_base64(properties.at(property_names[0]));
  if (!decoded || decoded->empty() || decoded->size() > longest_signature)
    return refuse(error_code::invalid_request,
                  "Expected the signature's bytes in base64, at most 8192 of them, got something else.",
                  field(property_names[0]));
  read.signature = std::move(*decoded);
  const auto& method = properties.at(property_names[1]);
  const auto* const known = std::ranges::find(hash_methods, method, [](const auto& pair) { return pair.first; });
  if (known == hash_methods.end())
    return refuse(error_code::invalid_request,
                  "Expected one of SHA-224, SHA-256, SHA-384, SHA-512, got something else.", field(property_names[1]));
  read.hash_algorithm = known->second;
  read.key_type = properties.at(property_names[2]);
  if (std::ranges::find(key_types, std::string_view{read.key_type}) == key_types.end()) {
    std::string all;
    for (const auto each : key_types)
      all += (all.empty() ? "" : ", ") + std::string{each};
    return refuse(error_code::invalid_request, "Expected one of " + all + ", got something else.",
                  field(property_names[2]));
  }
  auto id = canonical_uuid(properties.at(property_names[3]));
  if (!id)
    return refuse(error_code::invalid_request, "Expected the UUID of a certificate, got something else.",
                  field(property_names[3]));
  read.certificate_id = std::move(*id);
  return std::optional{std::move(read)};
}

}  // namespace sluice::schemas
