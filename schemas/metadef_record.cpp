// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <concepts>

#include "schemas/metadef.hpp"
#include "schemas/metadef_reading.hpp"

/// Version 1 of the records of metadata definitions: JSON with the member "v", times as microseconds since 1970 in UTC.
namespace sluice::schemas {
namespace {

constexpr int version = 1;
constexpr json_limits record_limits{std::size_t{16} << 20, 12, 200'000, 200'000, true};

template <class Thing>
json_writer named(const Thing& thing) {
  json_writer out;
  out["name"] = thing.name;
  out["created_at"] = thing.created_at.time_since_epoch().count();
  out["updated_at"] = thing.updated_at.time_since_epoch().count();
  return out;
}

json_writer encoded(const metadef_association& record) {
  auto out = named(record);
  if (record.prefix)
    out["prefix"] = *record.prefix;
  if (record.properties_target)
    out["properties_target"] = *record.properties_target;
  return out;
}

json_writer encoded(const metadef_property& record) {
  auto out = named(record);
  out["definition"] = record.definition;
  return out;
}

json_writer encoded(const metadef_tag& record) {
  return named(record);
}

json_writer encoded(const metadef_object& record);

template <class Thing>
json_writer encoded(const std::vector<Thing>& things) {
  auto list = json_writer::array();
  for (const auto& each : things)
    list.push_back(encoded(each));
  return list;
}

json_writer encoded(const metadef_object& record) {
  auto out = named(record);
  if (record.description)
    out["description"] = *record.description;
  if (record.required)
    out["required"] = *record.required;
  out["properties"] = encoded(record.properties);
  return out;
}

/// Reads members into places; remembers that one was missing or of another kind.
class reader {
 public:
  explicit reader(const json_value& from) : from_{from} {}

  void read(std::string_view name, std::string& into) {
    const auto* const value = from_.find(name);
    if (value == nullptr || value->as_string() == nullptr)
      sound_ = false;
    else
      into = *value->as_string();
  }
  void read(std::string_view name, std::optional<std::string>& into) {
    if (from_.find(name) != nullptr)
      read(name, into.emplace());
  }
  void read(std::string_view name, bool& into) {
    const auto* const value = from_.find(name);
    if (value == nullptr || value->as_bool() == nullptr)
      sound_ = false;
    else
      into = *value->as_bool();
  }
  template <std::integral Number>
  void read(std::string_view name, Number& into) {
    const auto* const value = from_.find(name);
    const auto* const number = value == nullptr ? nullptr : value->as_number();
    if (number == nullptr)
      return fail();
    const auto* const end = number->text.data() + number->text.size();
    const auto [stop, fault] = std::from_chars(number->text.data(), end, into);
    if (fault != std::errc{} || stop != end)
      fail();
  }
  void read(std::string_view name, time_point& into) {
    std::int64_t microseconds = 0;
    read(name, microseconds);
    into = time_point{std::chrono::microseconds{microseconds}};
  }
  void read(std::string_view name, std::optional<std::vector<std::string>>& into) {
    const auto* const value = from_.find(name);
    if (value == nullptr)
      return;
    into.emplace();
    if (value->as_array() == nullptr)
      return fail();
    for (const auto& each : *value->as_array()) {
      if (each.as_string() == nullptr)
        return fail();
      into->push_back(*each.as_string());
    }
  }
  template <class Thing>
  void read_list(std::string_view name, std::vector<Thing>& into) {
    const auto* const value = from_.find(name);
    if (value == nullptr || value->as_array() == nullptr)
      return fail();
    for (const auto& each : *value->as_array()) {
      reader inner{each};
      inner.read_thing(into.emplace_back());
      sound_ = sound_ && inner.sound_;
    }
  }
  template <class Thing>
  void read_thing(Thing& into) {
    read("name", into.name);
    read("created_at", into.created_at);
    read("updated_at", into.updated_at);
    read_rest(into);
  }
  [[nodiscard]] bool sound() const noexcept { return sound_; }

 private:
  void fail() { sound_ = false; }
  void read_rest(metadef_tag&) {}
  void read_rest(metadef_property& into) { read("definition", into.definition); }
  void read_rest(metadef_association& into) {
    read("prefix", into.prefix);
    read("properties_target", into.properties_target);
  }
  void read_rest(metadef_object& into) {
    read("description", into.description);
    read("required", into.required);
    read_list("properties", into.properties);
  }

  const json_value& from_;
  bool sound_ = true;
};

tl::unexpected<failure> damaged() {
  return refuse(error_code::store_failed, "The record of a metadata definition is damaged.");
}

result<json_value> parse_record(std::string_view bytes) {
  auto document = parse_json(bytes, record_limits);
  int written_by = 0;
  if (document)
    reader{*document}.read("v", written_by);
  if (!document || written_by != version)
    return damaged();
  return document;
}

}  // namespace

result<void> check_bounds(const metadef_namespace& subject) {
  const auto most = std::max({subject.objects.size(), subject.properties.size(), subject.tags.size()});
  if (most > most_metadefs || subject.associations.size() > most_metadef_associations ||
      encode_contents(subject).size() > most_metadef_bytes)
    return refuse(error_code::quota_exceeded,
                  "A namespace holds at most 1000 objects, properties and tags each, 100 resource types, and 512 KiB "
                  "in all. Use another namespace for the rest.");
  return {};
}

std::string encode_head(const metadef_namespace& record) {
  auto into = named(record);
  into["v"] = version;
  into["revision"] = record.revision;
  if (record.display_name)
    into["display_name"] = *record.display_name;
  if (record.description)
    into["description"] = *record.description;
  into["public"] = record.is_public;
  into["protected"] = record.is_protected;
  into["owner"] = record.owner;
  into["associations"] = encoded(record.associations);
  return written(into);
}

std::string encode_contents(const metadef_namespace& record) {
  json_writer into;
  into["v"] = version;
  into["objects"] = encoded(record.objects);
  into["properties"] = encoded(record.properties);
  into["tags"] = encoded(record.tags);
  return written(into);
}

result<metadef_namespace> decode_metadef_head(std::string_view bytes) {
  const auto document = parse_record(bytes);
  if (!document)
    return tl::unexpected{document.error()};
  metadef_namespace record;
  reader from{*document};
  from.read("name", record.name);
  from.read("created_at", record.created_at);
  from.read("updated_at", record.updated_at);
  from.read("revision", record.revision);
  from.read("display_name", record.display_name);
  from.read("description", record.description);
  from.read("public", record.is_public);
  from.read("protected", record.is_protected);
  from.read("owner", record.owner);
  from.read_list("associations", record.associations);
  if (!from.sound())
    return damaged();
  return record;
}

result<void> decode_metadef_contents(std::string_view bytes, metadef_namespace& into) {
  const auto document = parse_record(bytes);
  if (!document)
    return tl::unexpected{document.error()};
  reader from{*document};
  from.read_list("objects", into.objects);
  from.read_list("properties", into.properties);
  from.read_list("tags", into.tags);
  if (!from.sound())
    return damaged();
  return {};
}

std::string encode(const metadef_namespace& record) {
  return encode_head(record) + '\n' + encode_contents(record);  // JSON of ours is one line
}

result<metadef_namespace> decode_metadef_namespace(std::string_view bytes) {
  const auto end = bytes.find('\n');
  if (end == std::string_view::npos)
    return damaged();
  auto record = decode_metadef_head(bytes.substr(0, end));
  if (!record)
    return record;
  if (auto contents = decode_metadef_contents(bytes.substr(end + 1), *record); !contents)
    return tl::unexpected{std::move(contents.error())};
  return record;
}

}  // namespace sluice::schemas
