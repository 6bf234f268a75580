// SPDX-License-Identifier: Apache-2.0
#include "schemas/configuration_keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "schemas/configuration_verifiers.hpp"
#include "schemas/image_signature.hpp"

namespace sluice::schemas {
namespace {

using namespace configuration_readers;
using node = toml::node;

constexpr std::string_view projects_key = "bandwidth.projects";
constexpr std::string_view certificates_key = "verify.certificates";
constexpr std::string_view schedule_key = "bandwidth.schedule";
constexpr std::string_view commands_key = "verify.command";
constexpr std::array project_keys{"weight", "max"};
constexpr std::array schedule_keys{"from", "to", "profile"};

outcome read_project(const node& from, project_bandwidth& to) {
  const auto* const entry = from.as_table();
  if (entry == nullptr)
    return complain(from, "expected a table with weight and max");
  if (auto wrong = unknown_entry_key(*entry, project_keys))
    return wrong;
  if (auto wrong = read_member(*entry, "weight", read_number, to.weight))
    return wrong;
  return read_member(*entry, "max", read_rate, to.max);
}

outcome read_projects(const node& from, std::map<std::string, project_bandwidth>& to) {
  const auto* const entries = from.as_table();
  if (entries == nullptr)
    return complain(from, "expected a table for each project id");
  for (const auto& [key, value] : *entries) {
    const std::string id{key.str()};
    if (auto wrong = read_project(value, to[id])) {
      wrong->below = '.' + id + wrong->below;
      return wrong;
    }
  }
  return std::nullopt;
}

outcome read_certificates(const node& from, std::map<std::string, std::string>& to) {
  const auto* const entries = from.as_table();
  if (entries == nullptr)
    return complain(from, "expected a table of \"<UUID of the certificate>\" = \"<file>\"");
  for (const auto& [key, value] : *entries) {
    const auto id = canonical_uuid(key.str());
    if (!id)
      return complaint{&value, '.' + std::string{key.str()}, "expected a UUID as the name of a certificate"};
    if (auto wrong = read_text(value, to[*id])) {
      wrong->below = '.' + std::string{key.str()} + wrong->below;
      return wrong;
    }
  }
  return std::nullopt;
}

/// "01:30" in 24 hours, as minutes since midnight.
outcome read_clock(const node& from, std::chrono::minutes& to) {
  const auto text = from.value_exact<std::string>().value_or("");
  const auto number_at = [&text](std::size_t position) {
    int value = -1;
    const auto* const begin = text.data() + position;
    const auto [end, error] = std::from_chars(begin, begin + 2, value);
    return error == std::errc{} && end == begin + 2 ? value : -1;
  };
  const bool shaped = text.size() == 5 && text[2] == ':';
  const int hours = shaped ? number_at(0) : -1;
  const int minutes = shaped ? number_at(3) : -1;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return complain(from, "expected a time of day from \"00:00\" to \"23:59\"");
  to = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  return std::nullopt;
}

outcome read_schedule_entry(const node& from, bandwidth_schedule_entry& to) {
  const auto* const entry = from.as_table();
  if (entry == nullptr)
    return complain(from, "expected a table such as { from = \"01:00\", to = \"05:00\", profile = \"balanced\" }");
  if (auto wrong = unknown_entry_key(*entry, schedule_keys))
    return wrong;
  for (const auto* const key : schedule_keys)
    if (!entry->contains(key))
      return complain(from, "expected a table with from, to and profile");
  if (auto wrong = read_member(*entry, "from", read_clock, to.from))
    return wrong;
  if (auto wrong = read_member(*entry, "to", read_clock, to.to))
    return wrong;
  return read_member(*entry, "profile", read_text, to.profile);
}

outcome read_port(const node& from, std::uint16_t& to) {
  if (!read_count(from, to) && to != 0)
    return std::nullopt;
  return complain(from, "expected a port from 1 to 65535");
}

outcome read_auth_mode(const node& from, auth_mode& to) {
  return read_choice(
      from, to,
      {{"none", auth_mode::none}, {"trusted-headers", auth_mode::trusted_headers}, {"keystone", auth_mode::keystone}});
}

outcome read_raw_policy(const node& from, raw_policy& to) {
  return read_choice(from, to, {{"recognised", raw_policy::recognised}, {"any", raw_policy::any}});
}

/// Roles are compared in lower case, as Keystone compares them.
outcome read_role(const node& from, std::string& to) {
  auto wrong = read_text(from, to);
  for (auto& c : to)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return wrong;
}

template <policy_rule Rule>
outcome read_rule(const node& from, configuration& to) {
  std::vector<std::string> roles;
  auto wrong = read_list(from, roles, "role names", read_role);
  if (!wrong)
    to.policy.set(Rule, std::move(roles));
  return wrong;
}

// clang-format off
constexpr std::array keys{
    configuration_key{"http.listen", [](const node& n, configuration& c) { return read_text(n, c.http.listen); }},
    configuration_key{"http.operator_listen", [](const node& n, configuration& c) { return read_text(n, c.http.operator_listen); }},
    configuration_key{"http.public_endpoint", [](const node& n, configuration& c) { return read_text(n, c.http.public_endpoint); }},
    configuration_key{"http.allowed_origins", [](const node& n, configuration& c) { return read_list(n, c.http.allowed_origins, "origins", read_text); }},
    configuration_key{"http.tls_certificate", [](const node& n, configuration& c) { return read_text(n, c.http.tls_certificate); }},
    configuration_key{"http.tls_key", [](const node& n, configuration& c) { return read_text(n, c.http.tls_key); }},
    configuration_key{"store.data_dir", [](const node& n, configuration& c) { return read_path(n, c.store.data_dir); }},
    configuration_key{"auth.mode", [](const node& n, configuration& c) { return read_auth_mode(n, c.auth.mode); }},
    configuration_key{"auth.mode_none_listens_anywhere", [](const node& n, configuration& c) { return read_flag(n, c.auth.allow_remote_without_auth); }},
    configuration_key{"auth.keystone.url", [](const node& n, configuration& c) { return read_text(n, c.keystone.url); }},
    configuration_key{"auth.keystone.username", [](const node& n, configuration& c) { return read_text(n, c.keystone.username); }},
    configuration_key{"auth.keystone.password", [](const node& n, configuration& c) { return read_text(n, c.keystone.password); }},
    configuration_key{"auth.keystone.password_file", [](const node& n, configuration& c) { return read_text(n, c.keystone.password_file); }},
    configuration_key{"auth.keystone.project", [](const node& n, configuration& c) { return read_text(n, c.keystone.project); }},
    configuration_key{"auth.keystone.user_domain", [](const node& n, configuration& c) { return read_text(n, c.keystone.user_domain); }},
    configuration_key{"auth.keystone.project_domain", [](const node& n, configuration& c) { return read_text(n, c.keystone.project_domain); }},
    configuration_key{"auth.keystone.region", [](const node& n, configuration& c) { return read_text(n, c.keystone.region); }},
    configuration_key{"auth.keystone.cache_ttl", [](const node& n, configuration& c) { return read_time(n, c.keystone.cache_ttl); }},
    configuration_key{"auth.keystone.application_credential_id", [](const node& n, configuration& c) { return read_text(n, c.keystone.application_credential_id); }},
    configuration_key{"auth.keystone.application_credential_secret", [](const node& n, configuration& c) { return read_text(n, c.keystone.application_credential_secret); }},
    configuration_key{"auth.keystone.application_credential_secret_file", [](const node& n, configuration& c) { return read_text(n, c.keystone.application_credential_secret_file); }},
    configuration_key{"auth.keystone.www_authenticate_uri", [](const node& n, configuration& c) { return read_text(n, c.keystone.www_authenticate_uri); }},
    configuration_key{"auth.keystone.ca_file", [](const node& n, configuration& c) { return read_text(n, c.keystone.ca_file); }},
    configuration_key{"auth.keystone.timeout", [](const node& n, configuration& c) { return read_time(n, c.keystone.timeout); }},
    configuration_key{"policy.roles", [](const node& n, configuration& c) { return read_list(n, c.policy.further_roles, "role names", read_role); }},
    configuration_key{"policy.get_images", read_rule<policy_rule::get_images>},
    configuration_key{"policy.get_image", read_rule<policy_rule::get_image>},
    configuration_key{"policy.download_image", read_rule<policy_rule::download_image>},
    configuration_key{"policy.add_image", read_rule<policy_rule::add_image>},
    configuration_key{"policy.modify_image", read_rule<policy_rule::modify_image>},
    configuration_key{"policy.upload_image", read_rule<policy_rule::upload_image>},
    configuration_key{"policy.delete_image", read_rule<policy_rule::delete_image>},
    configuration_key{"policy.publicize_image", read_rule<policy_rule::publicize_image>},
    configuration_key{"policy.communitize_image", read_rule<policy_rule::communitize_image>},
    configuration_key{"policy.deactivate", read_rule<policy_rule::deactivate>},
    configuration_key{"policy.reactivate", read_rule<policy_rule::reactivate>},
    configuration_key{"policy.copy_image", read_rule<policy_rule::copy_image>},
    configuration_key{"policy.get_members", read_rule<policy_rule::get_members>},
    configuration_key{"policy.add_member", read_rule<policy_rule::add_member>},
    configuration_key{"policy.modify_member", read_rule<policy_rule::modify_member>},
    configuration_key{"policy.delete_member", read_rule<policy_rule::delete_member>},
    configuration_key{"policy.tasks_api_access", read_rule<policy_rule::tasks_api_access>},
    configuration_key{"policy.get_metadefs", read_rule<policy_rule::get_metadefs>},
    configuration_key{"policy.modify_metadefs", read_rule<policy_rule::modify_metadefs>},
    configuration_key{"policy.stores_info", read_rule<policy_rule::stores_info>},
    configuration_key{"policy.stores_info_detail", read_rule<policy_rule::stores_info_detail>},
    configuration_key{"policy.get_usage", read_rule<policy_rule::get_usage>},
    configuration_key{"policy.manage_image_cache", read_rule<policy_rule::manage_image_cache>},
    configuration_key{"policy.get_image_imports", read_rule<policy_rule::get_image_imports>},
    configuration_key{"policy.add_image_import", read_rule<policy_rule::add_image_import>},
    configuration_key{"policy.delete_image_import", read_rule<policy_rule::delete_image_import>},
    configuration_key{"imports.max_running", [](const node& n, configuration& c) { return read_count(n, c.imports.max_running); }},
    configuration_key{"imports.max_running_per_project", [](const node& n, configuration& c) { return read_count(n, c.imports.max_running_per_project); }},
    configuration_key{"imports.max_waiting_per_project", [](const node& n, configuration& c) { return read_count(n, c.imports.max_waiting_per_project); }},
    configuration_key{"imports.max_image_size", [](const node& n, configuration& c) { return read_size(n, c.imports.max_image_size); }},
    configuration_key{"imports.max_virtual_size", [](const node& n, configuration& c) { return read_size(n, c.imports.max_virtual_size); }},
    configuration_key{"imports.project_quota", [](const node& n, configuration& c) { return read_size(n, c.imports.project_quota); }},
    configuration_key{"imports.result_ttl", [](const node& n, configuration& c) { return read_time(n, c.imports.result_ttl); }},
    configuration_key{"imports.stall_timeout", [](const node& n, configuration& c) { return read_time(n, c.imports.stall_timeout); }},
    configuration_key{"imports.minimum_rate", [](const node& n, configuration& c) { return read_rate(n, c.imports.minimum_rate); }},
    configuration_key{"imports.deadline", [](const node& n, configuration& c) { return read_time(n, c.imports.deadline); }},
    configuration_key{"imports.retries", [](const node& n, configuration& c) { return read_count(n, c.imports.retries); }},
    configuration_key{"sources.schemes", [](const node& n, configuration& c) { return read_list(n, c.sources.schemes, "schemes", read_text); }},
    configuration_key{"sources.ports", [](const node& n, configuration& c) { return read_list(n, c.sources.ports, "ports", read_port); }},
    configuration_key{"sources.allow_networks", [](const node& n, configuration& c) { return read_list(n, c.sources.allow_networks, "networks", read_text); }},
    configuration_key{"sources.ca_file", [](const node& n, configuration& c) { return read_text(n, c.sources.ca_file); }},
    configuration_key{"sources.swift_domain", [](const node& n, configuration& c) { return read_text(n, c.sources.swift_domain); }},
    configuration_key{"verify.raw", [](const node& n, configuration& c) { return read_raw_policy(n, c.verify.raw); }},
    configuration_key{"verify.formats", [](const node& n, configuration& c) { return read_list(n, c.verify.formats, "formats", read_text); }},
    configuration_key{"verify.unpack", [](const node& n, configuration& c) { return read_list(n, c.verify.unpack, "packings", read_text); }},
    configuration_key{"verify.unpack_ratio", [](const node& n, configuration& c) { return read_count(n, c.verify.unpack_ratio); }},
    configuration_key{"verify.convert_to", [](const node& n, configuration& c) { return read_text(n, c.verify.convert_to); }},
    configuration_key{"verify.memory", [](const node& n, configuration& c) { return read_size(n, c.verify.memory); }},
    configuration_key{"verify.time", [](const node& n, configuration& c) { return read_time(n, c.verify.time); }},
    configuration_key{"verify.dirty", [](const node& n, configuration& c) { return read_acceptance(n, c.verify.accept_dirty); }},
    configuration_key{"verify.trailing_bytes", [](const node& n, configuration& c) { return read_acceptance(n, c.verify.accept_trailing_bytes); }},
    configuration_key{"verify.encrypted_raw", [](const node& n, configuration& c) { return read_acceptance(n, c.verify.accept_encrypted_raw); }},
    configuration_key{"verify.converter", [](const node& n, configuration& c) { return read_path(n, c.verify.converter); }},
    configuration_key{"verify.quarantine", [](const node& n, configuration& c) { return read_flag(n, c.verify.quarantine); }},
    configuration_key{commands_key, [](const node& n, configuration& c) { return read_list(n, c.verify.commands, "tables", read_verify_command); }},
    configuration_key{"verify.clamav.socket", [](const node& n, configuration& c) { return read_text(n, c.verify.clamav.socket); }},
    configuration_key{"verify.clamav.time", [](const node& n, configuration& c) { return read_time(n, c.verify.clamav.time); }},
    configuration_key{"verify.clamav.max_stream", [](const node& n, configuration& c) { return read_size(n, c.verify.clamav.max_stream); }},
    configuration_key{"verify.clamav.on_failure", [](const node& n, configuration& c) { return read_acceptance(n, c.verify.clamav.accept_on_failure); }},
    configuration_key{"verify.barbican.url", [](const node& n, configuration& c) { return read_text(n, c.verify.barbican.url); }},
    configuration_key{"verify.barbican.ca_file", [](const node& n, configuration& c) { return read_text(n, c.verify.barbican.ca_file); }},
    configuration_key{"verify.barbican.timeout", [](const node& n, configuration& c) { return read_time(n, c.verify.barbican.timeout); }},
    configuration_key{"verify.trusted_ca", [](const node& n, configuration& c) { return read_text(n, c.verify.trusted_ca); }},
    configuration_key{certificates_key, [](const node& n, configuration& c) { return read_certificates(n, c.verify.certificates); }},
    configuration_key{"digests.os_hash_algo", [](const node& n, configuration& c) { return read_text(n, c.digests.os_hash_algo); }},
    configuration_key{"digests.md5", [](const node& n, configuration& c) { return read_flag(n, c.digests.md5); }},
    configuration_key{"bandwidth.profile", [](const node& n, configuration& c) { return read_text(n, c.bandwidth.profile); }},
    configuration_key{"bandwidth.link", [](const node& n, configuration& c) { return read_rate(n, c.bandwidth.link); }},
    configuration_key{"bandwidth.import_max", [](const node& n, configuration& c) { return read_rate(n, c.bandwidth.import_max); }},
    configuration_key{"bandwidth.per_project_max", [](const node& n, configuration& c) { return read_rate(n, c.bandwidth.per_project_max); }},
    configuration_key{"bandwidth.per_import_max", [](const node& n, configuration& c) { return read_rate(n, c.bandwidth.per_import_max); }},
    configuration_key{"bandwidth.per_source_host_max", [](const node& n, configuration& c) { return read_rate(n, c.bandwidth.per_source_host_max); }},
    configuration_key{"bandwidth.export_max", [](const node& n, configuration& c) { return read_rate(n, c.bandwidth.export_max); }},
    configuration_key{"bandwidth.trickle", [](const node& n, configuration& c) { return read_rate(n, c.bandwidth.trickle); }},
    configuration_key{"bandwidth.serve_target", [](const node& n, configuration& c) { return read_time(n, c.bandwidth.serve_target); }},
    configuration_key{"bandwidth.starved_percent", [](const node& n, configuration& c) { return read_number(n, c.bandwidth.starved_percent); }},
    configuration_key{"bandwidth.in_flight", [](const node& n, configuration& c) { return read_time(n, c.bandwidth.in_flight); }},
    configuration_key{"bandwidth.gate_block", [](const node& n, configuration& c) { return read_size(n, c.bandwidth.gate_block); }},
    configuration_key{schedule_key, [](const node& n, configuration& c) { return read_list(n, c.bandwidth.schedule, "tables", read_schedule_entry); }},
    configuration_key{projects_key, [](const node& n, configuration& c) { return read_projects(n, c.bandwidth.projects); }},
    configuration_key{"network.congestion_control", [](const node& n, configuration& c) { return read_text(n, c.network.congestion_control); }},
};
// clang-format on

std::string_view section_of(std::string_view name) {
  return name.substr(0, name.rfind('.'));
}

}  // namespace

std::span<const configuration_key> configuration_keys() noexcept {
  return keys;
}

bool is_configuration_section(std::string_view name) noexcept {
  return std::ranges::any_of(keys, [name](const auto& key) { return section_of(key.name) == name; });
}

std::string keys_of_section(std::string_view section) {
  std::string names;
  for (const auto& key : keys)
    if (section_of(key.name) == section)
      names += (names.empty() ? "" : ", ") + std::string{key.name.substr(section.size() + 1)};
  return names;
}

std::string describe_value(const toml::node& value, std::string_view key) {
  constexpr std::size_t longest = 60;
  std::ostringstream type;
  type << value.type();
  if (key.find("password") != std::string_view::npos || key.find("secret") != std::string_view::npos ||
      value.is_table() || value.is_array())
    return "a value of type " + type.str();
  std::ostringstream text;
  value.visit([&text](const auto& typed) { text << typed; });
  if (text.str().size() > longest)
    return "a long " + type.str();
  return "the " + type.str() + ' ' + text.str();
}

std::vector<std::string> known_configuration_keys() {
  std::vector<std::string> names;
  for (const auto& key : keys) {
    const std::string name{key.name};
    if (key.name == projects_key)
      for (const auto* const member : project_keys)
        names.push_back(name + ".*." + member);
    else if (key.name == certificates_key)
      names.push_back(name + ".*");
    else if (key.name == schedule_key)
      for (const auto* const member : schedule_keys)
        names.push_back(name + ".*." + member);
    else if (key.name == commands_key)
      for (const auto* const member : verify_command_keys)
        names.push_back(name + ".*." + member);
    else
      names.push_back(name);
  }
  return names;
}

}  // namespace sluice::schemas
