// SPDX-License-Identifier: Apache-2.0
#include <concepts>
#include <type_traits>
#include <utility>

#include <simdjson.h>

#include "schemas/json.hpp"

namespace sluice::schemas {
namespace {

namespace dom = simdjson::dom;

/// Our own bytes, so the cap is wide; it bounds what a damaged record can cost.
constexpr std::size_t longest_record = std::size_t{16} << 20;

/// Reads members into places and remembers the first that is missing or of another kind, so that a decoder is a list of
/// members and one question at its end. Fastest where the list is in the order in which the members were written.
class record_reader {
 public:
  explicit record_reader(dom::object record) : record_{record} {}

  void read(std::string_view name, std::string& into) {
    std::string_view text;
    if (get(name, text))
      into = text;
  }
  void read(std::string_view name, bool& into) { get(name, into); }
  template <std::integral Number>
  void read(std::string_view name, Number& into) {
    std::conditional_t<std::is_signed_v<Number>, std::int64_t, std::uint64_t> number = 0;
    if (!get(name, number))
      return;
    if (!std::in_range<Number>(number))
      return damaged_at(name);
    into = static_cast<Number>(number);
  }
  void read(std::string_view name, time_point& into) {
    std::int64_t microseconds = 0;
    read(name, microseconds);
    into = time_point{std::chrono::microseconds{microseconds}};
  }
  void read(std::string_view name, image_import_status& into) { read_name(name, into, image_import_status_from); }
  void read(std::string_view name, image_status& into) { read_name(name, into, image_status_from); }
  void read(std::string_view name, member_status& into) { read_name(name, into, member_status_from); }
  void read(std::string_view name, import_origin& into) { read_name(name, into, import_origin_from); }
  void read(std::string_view name, error_code& into) { read_name(name, into, error_code_from); }
  void read(std::string_view name, std::vector<std::string>& into) {
    dom::array list;
    if (!get(name, list))
      return;
    for (const auto element : list) {
      std::string_view text;
      if (element.get(text))
        return damaged_at(name);
      into.emplace_back(text);
    }
  }
  void read(std::string_view name, std::map<std::string, std::string>& into) {
    dom::object object;
    if (!get(name, object))
      return;
    for (const auto [key, value] : object) {
      std::string_view text;
      if (value.get(text))
        return damaged_at(name);
      into.emplace(key, text);
    }
  }
  void read(std::string_view name, image_properties& into) {
    read_inner(name, [&into](record_reader& inner) {
      inner.read("name", into.name);
      inner.read("tags", into.tags);
      inner.read("disk_format", into.disk_format);
      inner.read("container_format", into.container_format);
      inner.read("visibility", into.visibility);
      inner.read("min_disk", into.min_disk);
      inner.read("min_ram", into.min_ram);
      inner.read("protected", into.is_protected);
      inner.read("os_hidden", into.os_hidden);
      inner.read("extra", into.extra);
    });
  }
  void read(std::string_view name, expectation& into) {
    read_inner(name, [&into](record_reader& inner) {
      inner.read("size", into.size);
      inner.read("checksums", into.checksums);
      inner.read("checksums_url", into.checksums_url);
      inner.read("checksums_name", into.checksums_name);
      // Before there were several, the one had members of its own.
      std::optional<std::string> algorithm;
      std::optional<std::string> value;
      inner.read("checksum_algorithm", algorithm);
      inner.read("checksum_value", value);
      if (algorithm && value)
        into.checksums.push_back({std::move(*algorithm), std::move(*value)});
    });
  }
  void read(std::string_view name, std::vector<expected_checksum>& into) {
    read_list(name, into, [](record_reader& inner, expected_checksum& checksum) {
      inner.read("algorithm", checksum.algorithm);
      inner.read("value", checksum.value);
    });
  }
  void read(std::string_view name, content_facts& into) {
    read_inner(name, [&into](record_reader& inner) {
      inner.read("size", into.size);
      inner.read("virtual_size", into.virtual_size);
      inner.read("disk_format", into.disk_format);
      inner.read("md5", into.md5);
      inner.read("os_hash_algo", into.os_hash_algo);
      inner.read("os_hash_value", into.os_hash_value);
      std::optional<std::string> unpacked_from;
      inner.read("unpacked_from", unpacked_from);
      into.unpacked_from = std::move(unpacked_from).value_or(std::string{});
      inner.read_present("converted_from", into.converted_from);
      inner.read_present("described", into.described);
    });
  }
  void read(std::string_view name, source_facts& into) {
    read_inner(name, [&into](record_reader& inner) {
      inner.read("disk_format", into.disk_format);
      inner.read("size", into.size);
      inner.read("md5", into.md5);
      inner.read("os_hash_algo", into.os_hash_algo);
      inner.read("os_hash_value", into.os_hash_value);
    });
  }
  void read(std::string_view name, check_verdict& into) { read_name(name, into, check_verdict_from); }
  void read(std::string_view name, std::vector<check_result>& into) {
    read_list(name, into, [](record_reader& inner, check_result& check) {
      std::int64_t microseconds = 0;
      inner.read("name", check.name);
      inner.read("verdict", check.verdict);
      inner.read("took", microseconds);
      inner.read("message", check.message);
      inner.read("remarks", check.remarks);
      check.took = std::chrono::microseconds{microseconds};
    });
  }
  void read(std::string_view name, failure& into) {
    read_inner(name, [&into](record_reader& inner) {
      inner.read("code", into.code);
      inner.read("message", into.message);
      inner.read("field", into.field);
    });
  }
  /// An absent member leaves the optional empty.
  template <class Value>
  void read(std::string_view name, std::optional<Value>& into) {
    if (find(name))
      read(name, into.emplace());
  }

  /// An absent member leaves what is there.
  template <class Value>
  void read_present(std::string_view name, Value& into) {
    if (find(name))
      read(name, into);
  }

  /// Empty when every member was there; else the name of the first bad one.
  [[nodiscard]] const std::string& damaged() const noexcept { return damaged_; }

 private:
  /// Looks on from the member that was found last, and then from the beginning to there.
  [[nodiscard]] const dom::element* find(std::string_view name) {
    const auto look = [&](dom::object::iterator from, dom::object::iterator to) {
      for (; from != to; ++from)
        if (from.key_equals(name)) {
          last_ = from;
          found_ = from.value();
          return true;
        }
      return false;
    };
    return look(last_, record_.end()) || look(record_.begin(), last_) ? &found_ : nullptr;
  }
  template <class Kind>
  bool get(std::string_view name, Kind& into) {
    if (const auto* const value = find(name); value && value->get(into) == simdjson::SUCCESS)
      return true;
    damaged_at(name);
    return false;
  }
  template <class Value, class FromName>
  void read_name(std::string_view name, Value& into, FromName from_name) {
    std::string_view text;
    if (!get(name, text))
      return;
    if (const auto value = from_name(text))
      into = *value;
    else
      damaged_at(name);
  }
  template <class ReadMembers>
  void read_inner(std::string_view name, ReadMembers read_members) {
    dom::object object;
    if (!get(name, object))
      return;
    record_reader inner{object};
    read_members(inner);
    if (!inner.damaged().empty())
      damaged_at(std::string{name}.append(".").append(inner.damaged()));
  }
  /// Absent when there are none, as in every record of before there were any.
  template <class Element, class ReadMembers>
  void read_list(std::string_view name, std::vector<Element>& into, ReadMembers read_members) {
    dom::array list;
    if (!find(name) || !get(name, list))
      return;
    for (const auto element : list) {
      dom::object object;
      if (element.get(object))
        return damaged_at(name);
      record_reader inner{object};
      read_members(inner, into.emplace_back());
      if (!inner.damaged().empty())
        return damaged_at(std::string{name}.append(".").append(inner.damaged()));
    }
  }
  void damaged_at(std::string_view name) {
    if (damaged_.empty())
      damaged_ = std::string{name};
  }

  dom::object record_;
  dom::object::iterator last_ = record_.begin();
  dom::element found_;
  std::string damaged_;
};

/// Parses the bytes, checks the version and lets `read_members` fill a Record.
template <class Record, class ReadMembers>
result<Record> decode(std::string_view bytes, int newest, ReadMembers read_members) {
  thread_local dom::parser parser{longest_record};
  dom::object document;
  if (parser.parse(bytes.data(), bytes.size()).get(document))
    return refuse(error_code::store_failed, "A stored record is damaged: its bytes are not the JSON that was written.");
  record_reader reader{document};
  Record record;
  int version = 0;
  reader.read("v", version);
  if (reader.damaged().empty() && (version < 1 || version > newest))
    return refuse(error_code::store_failed, "A stored record has version " + std::to_string(version) +
                                                ", which this program cannot read; it was written by a later one.");
  read_members(reader, record, version);
  if (!reader.damaged().empty())
    return refuse(error_code::store_failed,
                  "A stored record is damaged: its member " + reader.damaged() + " is missing or of the wrong kind.");
  return record;
}

}  // namespace

result<image_import> decode_image_import(std::string_view bytes) {
  return decode<image_import>(bytes, 1, [](record_reader& from, image_import& into, int) {
    from.read("id", into.id);
    from.read("image_id", into.image_id);
    from.read("project_id", into.project_id);
    from.read("user_id", into.user_id);
    from.read("status", into.status);
    from.read("location", into.request.location);
    from.read("properties", into.request.properties);
    from.read("expect", into.request.expect);
    from.read("created_at", into.created_at);
    from.read("updated_at", into.updated_at);
    from.read("expires_at", into.expires_at);
    from.read("why", into.why);
    from.read("durable_bytes", into.durable_bytes);
    from.read("validator", into.validator);
    from.read("total", into.total);
    from.read_present("convert_to", into.request.convert_to);
    from.read("facts", into.facts);
    from.read("checks", into.checks);
    from.read_present("origin", into.origin);
    from.read_present("request_id", into.request_id);
    from.read_present("asked", into.asked);
  });
}

result<image> decode_image(std::string_view bytes) {
  return decode<image>(bytes, 2, [](record_reader& from, image& into, int version) {
    from.read("id", into.id);
    from.read("owner", into.owner);
    from.read("status", into.status);
    from.read("properties", into.properties);
    if (version == 1)
      from.read("facts", into.facts.emplace());
    else
      from.read("facts", into.facts);
    from.read("created_at", into.created_at);
    from.read("updated_at", into.updated_at);
  });
}

result<image_member> decode_image_member(std::string_view bytes) {
  return decode<image_member>(bytes, 1, [](record_reader& from, image_member& into, int) {
    from.read("image_id", into.image_id);
    from.read("member_id", into.member_id);
    from.read("status", into.status);
    from.read("created_at", into.created_at);
    from.read("updated_at", into.updated_at);
  });
}

}  // namespace sluice::schemas
