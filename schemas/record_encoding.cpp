// SPDX-License-Identifier: Apache-2.0
#include "schemas/json.hpp"
#include "schemas/json_writing.hpp"

/// Records: JSON with the member "v", the version of their kind. Times are microseconds since 1970 in UTC, absent
/// optionals are left out. A change of meaning needs a new version; record_decoding.cpp goes on reading every older
/// one.
namespace sluice::schemas {
namespace {

constexpr int import_version = 1;
constexpr int image_version = 2;  // 1: every image had bytes and was active
constexpr int member_version = 1;

std::int64_t microseconds(time_point when) {
  return when.time_since_epoch().count();
}

template <class Value>
void put(json_writer& into, const char* name, const std::optional<Value>& value) {
  if (value)
    into[name] = *value;
}

json_writer encoded(const image_properties& properties) {
  auto record = json_writer::object();
  put(record, "name", properties.name);
  record["tags"] = properties.tags;
  put(record, "disk_format", properties.disk_format);
  put(record, "container_format", properties.container_format);
  put(record, "visibility", properties.visibility);
  record["min_disk"] = properties.min_disk;
  record["min_ram"] = properties.min_ram;
  record["protected"] = properties.is_protected;
  record["os_hidden"] = properties.os_hidden;
  record["extra"] = properties.extra;
  return record;
}

json_writer encoded(const content_facts& facts) {
  json_writer record{
      {"size", facts.size}, {"virtual_size", facts.virtual_size}, {"disk_format", facts.disk_format},
      {"md5", facts.md5},   {"os_hash_algo", facts.os_hash_algo}, {"os_hash_value", facts.os_hash_value}};
  if (!facts.unpacked_from.empty())
    record["unpacked_from"] = facts.unpacked_from;
  if (!facts.described.empty())
    record["described"] = facts.described;
  if (const auto& source = facts.converted_from; facts.converted())
    record["converted_from"] = {{"disk_format", source.disk_format},
                                {"size", source.size},
                                {"md5", source.md5},
                                {"os_hash_algo", source.os_hash_algo},
                                {"os_hash_value", source.os_hash_value}};
  return record;
}

json_writer encoded(const std::vector<check_result>& checks) {
  auto list = json_writer::array();
  for (const auto& check : checks)
    list.push_back({{"name", check.name},
                    {"verdict", to_string(check.verdict)},
                    {"took", check.took.count()},
                    {"message", check.message},
                    {"remarks", check.remarks}});
  return list;
}

json_writer encoded(const expectation& expect) {
  auto record = json_writer::object();
  put(record, "size", expect.size);
  for (const auto& [algorithm, value] : expect.checksums)
    record["checksums"].push_back({{"algorithm", algorithm}, {"value", value}});
  put(record, "checksums_url", expect.checksums_url);
  put(record, "checksums_name", expect.checksums_name);
  return record;
}

}  // namespace

std::string encode(const image_import& record) {
  json_writer into{
      {"v", import_version},
      {"id", record.id},
      {"image_id", record.image_id},
      {"project_id", record.project_id},
      {"user_id", record.user_id},
      {"status", to_string(record.status)},
      {"location", record.request.location},
      {"properties", encoded(record.request.properties)},
      {"expect", encoded(record.request.expect)},
      {"created_at", microseconds(record.created_at)},
      {"updated_at", microseconds(record.updated_at)},
  };
  if (record.expires_at)
    into["expires_at"] = microseconds(*record.expires_at);
  if (record.why)
    into["why"] = {
        {"code", to_string(record.why->code)}, {"message", record.why->message}, {"field", record.why->field}};
  into["durable_bytes"] = record.durable_bytes;
  into["validator"] = record.validator;
  put(into, "total", record.total);
  if (!record.request.convert_to.empty())
    into["convert_to"] = record.request.convert_to;
  if (record.facts)
    into["facts"] = encoded(*record.facts);
  if (!record.checks.empty())
    into["checks"] = encoded(record.checks);
  if (record.origin != import_origin::image_imports)
    into["origin"] = to_string(record.origin);
  if (!record.request_id.empty())
    into["request_id"] = record.request_id;
  if (!record.asked.empty())
    into["asked"] = record.asked;
  return written(into);
}

std::string encode(const image& record) {
  json_writer into{
      {"v", image_version},
      {"id", record.id},
      {"owner", record.owner},
      {"status", to_string(record.status)},
      {"properties", encoded(record.properties)},
      {"created_at", microseconds(record.created_at)},
      {"updated_at", microseconds(record.updated_at)},
  };
  if (record.facts)
    into["facts"] = encoded(*record.facts);
  return written(into);
}

std::string encode(const image_member& record) {
  return written({
      {"v", member_version},
      {"image_id", record.image_id},
      {"member_id", record.member_id},
      {"status", to_string(record.status)},
      {"created_at", microseconds(record.created_at)},
      {"updated_at", microseconds(record.updated_at)},
  });
}

}  // namespace sluice::schemas
