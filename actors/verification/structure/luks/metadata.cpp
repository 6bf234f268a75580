// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <limits>

#include "actors/verification/formats/bytes.hpp"
#include "actors/verification/structure/file_map.hpp"
#include "actors/verification/structure/luks/luks_volume.hpp"
#include "schemas/json_value.hpp"

namespace sluice::actors::verification::structure::luks {
namespace {

using schemas::error_code;
using schemas::failure;
using schemas::json_object;
using schemas::json_value;
using schemas::refuse;
using schemas::result;

constexpr std::uint64_t most_number = std::uint64_t{1} << 62;

/// Numbers of 64 bits are written as strings (section 3.1).
std::optional<std::uint64_t> long_number(const json_value* value) {
  const auto* const text = value == nullptr ? nullptr : value->as_string();
  std::uint64_t number = 0;
  if (text == nullptr || text->empty())
    return std::nullopt;
  const auto* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, number);
  return read.ec == std::errc{} && read.ptr == end && number <= most_number ? std::optional{number} : std::nullopt;
}

std::uint64_t number_or(const json_value& object, std::string_view name, std::uint64_t otherwise) {
  const auto* const value = object.find(name);
  const auto number = value == nullptr ? result<std::uint64_t>{otherwise}
                                       : schemas::whole_number(*value, most_number, std::string{name});
  return number ? *number : std::numeric_limits<std::uint64_t>::max();
}

bool is_word(const json_value& object, std::string_view name, std::string_view word) {
  const auto* const value = object.find(name);
  return value != nullptr && value->as_string() != nullptr && *value->as_string() == word;
}

/// The members of a top-level object that must be there.
const json_object* members(const json_value& metadata, std::string_view name) {
  const auto* const value = metadata.find(name);
  return value == nullptr ? nullptr : value->as_object();
}

result<void> check_config(const json_value& metadata, std::uint64_t header, std::uint64_t& slots_end) {
  const auto* const config = metadata.find("config");
  if (config == nullptr || config->as_object() == nullptr)
    return impossible("configuration");
  const auto json_size = long_number(config->find("json_size"));
  const auto slots = long_number(config->find("keyslots_size"));
  if (json_size != header - 4096 || !slots || *slots % 4096 != 0 || *slots > (std::uint64_t{128} << 20))
    return impossible("configuration");
  slots_end = 2 * header + *slots;
  const auto* const requirements = config->find("requirements");
  const auto* const mandatory = requirements == nullptr ? nullptr : requirements->find("mandatory");
  if (mandatory != nullptr && (mandatory->as_array() == nullptr || !mandatory->as_array()->empty()))
    return refuse(error_code::unknown_feature,
                  "The LUKS volume requires a feature that is not known here, or is being re-encrypted. Finish that "
                  "with 'cryptsetup reencrypt --resume-only' and try again.");
  return {};
}

/// Sections 3.2.1 to 3.2.3: the area of the key, how it is spread, and how the passphrase is stretched.
result<void> check_slot(const json_value& slot, std::uint64_t header, std::uint64_t slots_end, file_map& map) {
  if (!is_word(slot, "type", "luks2"))
    return refuse(error_code::unknown_feature,
                  "The LUKS volume has a key slot of a kind that is not known here. Remove it with 'cryptsetup "
                  "luksKillSlot' and try again.");
  const auto* const area = slot.find("area");
  const auto* const spread = slot.find("af");
  const auto* const stretch = slot.find("kdf");
  if (area == nullptr || spread == nullptr || stretch == nullptr)
    return impossible("key slot");
  const auto key_bytes = number_or(slot, "key_size", 0);
  if (key_bytes == 0 || key_bytes > 512)
    return impossible("key length");
  const auto offset = long_number(area->find("offset"));
  const auto size = long_number(area->find("size"));
  if (!offset || !size || *size < key_bytes * stripes || *offset < 2 * header || *offset + *size > slots_end)
    return impossible("key slot place");
  if (number_or(*spread, "stripes", 0) != stripes)
    return impossible("stripe count");
  const bool counted = is_word(*stretch, "type", "pbkdf2");
  if (!counted && !is_word(*stretch, "type", "argon2i") && !is_word(*stretch, "type", "argon2id"))
    return impossible("passphrase function");
  const auto work = number_or(*stretch, counted ? "iterations" : "time", 0);
  const auto memory = counted ? 1 : number_or(*stretch, "memory", 0);
  const auto threads = counted ? 1 : number_or(*stretch, "cpus", 0);
  const auto most_work = counted ? most_iterations : 1000;
  if (work == 0 || work > most_work || memory == 0 || memory > most_memory_kib || threads == 0 || threads > 64)
    return impossible("demand of work for a passphrase");
  return map.claim(*offset, *size, "a key slot");
}

/// Section 3.3. Returns the segment's length in bytes.
result<std::uint64_t> check_segment(const json_value& segment, std::uint64_t slots_end, std::uint64_t total,
                                    file_map& map) {
  if (!is_word(segment, "type", "crypt"))
    return refuse(error_code::unknown_feature,
                  "The LUKS volume has a segment that is not encrypted in the usual way. Finish its re-encryption with "
                  "'cryptsetup reencrypt --resume-only' and try again.");
  const auto offset = long_number(segment.find("offset"));
  const auto unit = number_or(segment, "sector_size", 0);
  if (!offset || *offset < slots_end || *offset % 512 != 0)
    return impossible("segment place");
  if (unit != 512 && unit != 1024 && unit != 2048 && unit != 4096)
    return impossible("sector size");
  if (*offset >= total)
    return cut_off(*offset + unit, total);
  const bool dynamic = is_word(segment, "size", "dynamic");
  const auto fixed = dynamic ? std::optional{total - *offset} : long_number(segment.find("size"));
  if (!fixed || *fixed == 0)
    return impossible("segment length");
  if (*fixed > total - *offset)
    return cut_off(*offset + *fixed, total);
  if (*fixed % unit != 0)
    return dynamic ? cut_off(formats::round_up(total, unit), total) : impossible("segment length");
  const auto claimed = map.claim(*offset, *fixed, "a segment");
  if (!claimed)
    return schemas::unexpected<failure>{claimed.error()};
  return *fixed;
}

/// Whether all of the array's names are members of `of`.
bool all_known(const json_value* names, const json_object& of) {
  if (names == nullptr || names->as_array() == nullptr)
    return false;
  for (const auto& name : *names->as_array()) {
    const auto* const text = name.as_string();
    if (text == nullptr || std::ranges::find(of, *text, &schemas::json_member::name) == of.end())
      return false;
  }
  return true;
}

}  // namespace

result<std::uint64_t> check_metadata(std::string_view text, std::uint64_t header, std::uint64_t file_size,
                                     walk_budget& budget) {
  // The tree of values takes some times the text.
  constexpr std::uint64_t tree_of_text = 16;
  const auto taken = budget.take(text.size() * tree_of_text);
  if (!taken)
    return schemas::unexpected<failure>{taken.error()};
  const auto metadata = schemas::parse_json(text, {std::size_t{4} << 20, 8, 4000, 4000, false});
  budget.give_back(text.size() * tree_of_text);
  if (!metadata)
    return impossible("metadata, which is JSON,");
  const auto* const slots = members(*metadata, "keyslots");
  const auto* const segments = members(*metadata, "segments");
  const auto* const digests = members(*metadata, "digests");
  if (slots == nullptr || segments == nullptr || digests == nullptr || members(*metadata, "tokens") == nullptr ||
      slots->size() > 32 || segments->empty() || segments->size() > 32 || digests->size() > 32)
    return impossible("metadata");
  std::uint64_t slots_end = 0;
  const auto total = formats::round_up(file_size, 512);
  file_map map{total, 512, budget};
  auto judged = map.claim(0, header, "the first header");
  if (judged)
    judged = map.claim(header, header, "the second header");
  if (judged)
    judged = check_config(*metadata, header, slots_end);
  for (const auto& slot : *slots)
    if (judged)
      judged = check_slot(slot.value, header, slots_end, map);
  std::uint64_t payload = 0;
  for (const auto& segment : *segments) {
    if (!judged)
      break;
    const auto length = check_segment(segment.value, slots_end, total, map);
    if (!length)
      return schemas::unexpected<failure>{length.error()};
    payload += *length;
  }
  for (const auto& digest : *digests)
    if (judged &&
        (!all_known(digest.value.find("keyslots"), *slots) || !all_known(digest.value.find("segments"), *segments) ||
         number_or(digest.value, "iterations", 1) > most_iterations))
      judged = impossible("digest");
  if (!judged)
    return schemas::unexpected<failure>{judged.error()};
  return payload;
}

}  // namespace sluice::actors::verification::structure::luks
