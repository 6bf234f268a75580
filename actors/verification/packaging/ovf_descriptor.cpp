// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/packaging/ovf_descriptor.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <pugixml.hpp>
#include <vector>

#include "actors/verification/packaging/member_name.hpp"

namespace sluice::actors::verification::packaging {
namespace {

using schemas::error_code;
using schemas::refuse;
using schemas::result;

constexpr std::size_t most_bytes = 1 << 20;
constexpr int most_depth = 64;

schemas::unexpected<schemas::failure> unusable(std::string_view what) {
  return refuse(error_code::unpacking_failed, "The OVF descriptor cannot be used: " + std::string{what} +
                                                  ". Export the machine afresh with one disk, or import the disk "
                                                  "itself.");
}

/// Prefixes of namespaces are the writer's choice; DSP0243 gives every name below a meaning of its own.
std::string_view local_name(std::string_view name) {
  const auto colon = name.rfind(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

std::string_view attribute(const pugi::xml_node& node, std::string_view name) {
  for (const auto& each : node.attributes())
    if (local_name(each.name()) == name)
      return each.value();
  return {};
}

std::vector<pugi::xml_node> children(const pugi::xml_node& node, std::string_view name) {
  std::vector<pugi::xml_node> found;
  for (const auto& each : node.children())
    if (each.type() == pugi::node_element && local_name(each.name()) == name)
      found.push_back(each);
  return found;
}

bool too_deep(const pugi::xml_document& document) {
  int depth = 0;
  for (pugi::xml_node at = document.first_child(); at;) {
    if (depth > most_depth)
      return true;
    if (at.first_child()) {
      at = at.first_child();
      ++depth;
      continue;
    }
    while (at && !at.next_sibling() && at.parent()) {
      at = at.parent();
      --depth;
    }
    at = at.next_sibling();
  }
  return false;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return std::nullopt;
  return number;
}

/// "byte", or "byte * 2^30" (DSP0004, programmatic units); the exponent.
std::optional<std::uint64_t> read_unit(std::string_view unit) {
  std::string bare{unit};
  std::erase(bare, ' ');
  if (bare.empty() || bare == "byte")
    return 0;
  constexpr std::string_view power = "byte*2^";
  const auto exponent =
      bare.starts_with(power) ? read_number(std::string_view{bare}.substr(power.size())) : std::nullopt;
  return exponent && *exponent <= 60 ? exponent : std::nullopt;
}

std::optional<std::uint64_t> read_capacity(const pugi::xml_node& disk) {
  const auto count = read_number(attribute(disk, "capacity"));
  const auto exponent = read_unit(attribute(disk, "capacityAllocationUnits"));
  if (!count || !exponent || *count == 0 || *count > (~std::uint64_t{0} >> 1 >> *exponent))
    return std::nullopt;
  return *count << *exponent;
}

/// The only file of the package with that identifier.
std::optional<pugi::xml_node> file_of(const pugi::xml_node& envelope, std::string_view id) {
  std::optional<pugi::xml_node> found;
  for (const auto& references : children(envelope, "References"))
    for (const auto& file : children(references, "File"))
      if (attribute(file, "id") == id) {
        if (found)
          return std::nullopt;
        found = file;
      }
  return found;
}

result<ovf_disk> read_envelope(const pugi::xml_node& envelope) {
  std::vector<pugi::xml_node> disks;
  for (const auto& section : children(envelope, "DiskSection"))
    std::ranges::move(children(section, "Disk"), std::back_inserter(disks));
  if (disks.size() != 1)
    return unusable("it describes " + std::to_string(disks.size()) + " disks, and exactly one is expected");
  const auto& disk = disks.front();
  if (!attribute(disk, "parentRef").empty())
    return refuse(error_code::differencing_disk,
                  "The OVF descriptor's disk depends on a parent. Merge it with its parent before the export and try "
                  "again.");
  const auto file = file_of(envelope, attribute(disk, "fileRef"));
  if (attribute(disk, "fileRef").empty() || !file)
    return unusable("its disk has no file in the package");
  ovf_disk found;
  found.href = attribute(*file, "href");
  found.format = attribute(disk, "format");
  if (!is_plain_name(found.href))
    return unusable("the file of its disk is not the plain name of a member of the package");
  const auto compression = attribute(*file, "compression");
  if ((!compression.empty() && compression != "identity") || !attribute(*file, "chunkSize").empty())
    return unusable("the file of its disk is compressed or in several pieces");
  const auto capacity = read_capacity(disk);
  if (!capacity)
    return unusable("the capacity of its disk is missing or in a unit that is not known here");
  found.capacity = *capacity;
  const auto size = attribute(*file, "size");
  found.size = read_number(size);
  if (!size.empty() && !found.size)
    return unusable("the size of its disk's file is no number");
  return found;
}

}  // namespace

result<ovf_disk> read_ovf_descriptor(std::string_view text) {
  if (text.size() > most_bytes)
    return unusable("it is longer than 1 MiB");
  if (text.find('\0') != text.npos || text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return unusable("it is not UTF-8");
  if (text.find("<!DOCTYPE") != text.npos || text.find("<!ENTITY") != text.npos)
    return unusable("it has a document type declaration");
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed)
    return unusable("it is no well-formed XML");
  if (too_deep(document))
    return unusable("its elements are nested too deeply");
  const auto envelope = document.document_element();
  if (local_name(envelope.name()) != "Envelope")
    return unusable("it is no OVF envelope");
  return read_envelope(envelope);
}

}  // namespace sluice::actors::verification::packaging
