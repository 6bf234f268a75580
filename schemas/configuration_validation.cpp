// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "schemas/addresses.hpp"
#include "schemas/configuration.hpp"
#include "schemas/configuration_checks.hpp"
#include "schemas/conversion_policy.hpp"
#include "schemas/url_reference.hpp"

namespace sluice::schemas {

using namespace configuration_checks;

namespace {

constexpr std::array known_schemes{"http", "https", "swift", "swift+http", "swift+https"};
constexpr std::array known_formats{"raw", "iso",  "qcow2", "vmdk", "vhd", "vhdx", "vdi",
                                   "qed", "luks", "ami",   "aki",  "ari", "ova"};
constexpr std::array known_packings{"gzip", "xz", "zstd", "bzip2", "ova"};
constexpr std::array known_hashes{"sha512", "sha256"};
constexpr std::size_t longest_congestion_name = 15;  // TCP_CA_NAME_MAX of Linux, without its NUL

result<void> check_public_endpoint(const std::string& endpoint) {
  if (endpoint.empty())
    return {};
  const auto url = parse_url_reference(endpoint);
  const bool usable = url && (url->scheme() == "http" || url->scheme() == "https") && url->has_authority() &&
                      !url->encoded_host().empty() && !url->has_userinfo() && !url->has_query() &&
                      !url->has_fragment() && !endpoint.ends_with('/');
  if (usable)
    return {};
  return refuse_key("http.public_endpoint",
                    "expected the base of a URL without a slash at its end, such as "
                    "\"https://images.example.org\", got " +
                        in_quotes(endpoint));
}

/// Origins are compared with what browsers send, byte by byte: in lower case, without the port that the scheme implies.
result<void> check_allowed_origins(const std::vector<std::string>& origins) {
  for (const auto& origin : origins) {
    const auto url = parse_url_reference(origin);
    const bool usable = url && (url->scheme() == "http" || url->scheme() == "https") && !url->encoded_host().empty() &&
                        !url->has_userinfo() && !url->has_query() && !url->has_fragment() &&
                        url->encoded_path().empty() && !origin.ends_with(':') &&
                        url->port() != (url->scheme() == "http" ? "80" : "443") &&
                        std::ranges::none_of(origin, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!usable)
      return refuse_key("http.allowed_origins",
                        "expected origins as browsers send them, such as \"https://dashboard.example.org\", got " +
                            in_quotes(origin));
  }
  return {};
}

result<void> check_http(const configuration& subject) {
  const auto& http = subject.http;
  const auto api = parse_listen_address(http.listen);
  if (!api)
    return refuse_key("http.listen", api.error().message + ", got " + in_quotes(http.listen));
  const auto operators = parse_listen_address(http.operator_listen);
  if (!operators)
    return refuse_key("http.operator_listen", operators.error().message + ", got " + in_quotes(http.operator_listen));
  if (*api == *operators && api->port != 0)
    return refuse_key("http.operator_listen",
                      "expected another port than http.listen, got the same " + in_quotes(http.operator_listen));
  if (http.tls_certificate.empty() != http.tls_key.empty())
    return refuse_key(http.tls_key.empty() ? "http.tls_certificate" : "http.tls_key",
                      "expected tls_certificate and tls_key together, got only one of them");
  if (subject.auth.mode == auth_mode::none && !subject.auth.allow_remote_without_auth && !api->is_loopback)
    return refuse_key("http.listen", "expected a loopback address because auth.mode is \"none\", got " +
                                         in_quotes(http.listen) +
                                         "; choose another mode, or set auth.mode_none_listens_anywhere = true to let "
                                         "everybody who reaches it act as any project");
  if (auto wrong = check_allowed_origins(http.allowed_origins); !wrong)
    return wrong;
  return check_public_endpoint(http.public_endpoint);
}

/// Roles that no token will ever have are misspelt: every one must be Keystone's own, or be declared.
result<void> check_policy(const policy& subject) {
  constexpr std::array known{"admin", "member", "reader"};
  std::string all;
  for (const auto* const name : known)
    all += in_quotes(name) + ", ";
  const auto is_known = [&](const std::string& role) {
    return std::ranges::any_of(known, [&role](std::string_view each) { return each == role; }) ||
           std::ranges::find(subject.further_roles, role) != subject.further_roles.end();
  };
  for (const auto& role : subject.further_roles)
    if (role.empty() || role.size() > 255)
      return refuse_key("policy.roles", "expected names of roles, got " + in_quotes(role));
  for (const auto& rule : policy_rules())
    for (const auto& role : subject.roles(rule.rule))
      if (!is_known(role))
        return refuse_key("policy." + std::string{rule.name},
                          "expected roles among " + all + "and those that policy.roles names, got " + in_quotes(role));
  return {};
}

result<void> check_imports(const imports_configuration& imports) {
  return first_refusal({
      check_positive("imports.max_running", imports.max_running),
      check_positive("imports.max_running_per_project", imports.max_running_per_project),
      check_positive("imports.max_waiting_per_project", imports.max_waiting_per_project),
      check_positive("imports.max_image_size", imports.max_image_size),
      check_positive("imports.max_virtual_size", imports.max_virtual_size),
      check_positive("imports.result_ttl", imports.result_ttl),
      check_positive("imports.stall_timeout", imports.stall_timeout),
      check_positive("imports.deadline", imports.deadline),
  });
}

result<void> check_sources(const sources_configuration& sources) {
  if (auto checked = check_words("sources.schemes", sources.schemes, known_schemes); !checked)
    return checked;
  if (std::ranges::find(sources.ports, 0) != sources.ports.end())
    return refuse_key("sources.ports", "expected ports from 1 to 65535, got 0");
  for (const auto& network : sources.allow_networks)
    if (const auto checked = check_network(network); !checked)
      return refuse_key("sources.allow_networks", checked.error().message + ", got " + in_quotes(network));
  return {};
}

result<void> check_verify(const verify_configuration& verify) {
  for (const auto& [id, file] : verify.certificates)
    if (file.empty())
      return refuse_key("verify.certificates." + id, "expected the file of the certificate, got \"\"");
  constexpr std::array targets{"", "raw", "qcow2"};
  if (auto checked = check_word("verify.convert_to", verify.convert_to, targets); !checked)
    return checked;
  if (!verify.convert_to.empty() && !can_be_executed(verify.converter))
    return refuse_key("verify.convert_to", "expected \"\" because there is no qemu-img at verify.converter (" +
                                               in_quotes(verify.converter.native()) + "), got " +
                                               in_quotes(verify.convert_to) +
                                               "; install qemu-utils, or set verify.converter");
  return first_refusal({
      check_words("verify.formats", verify.formats, known_formats),
      verify.unpack.empty() ? result<void>{} : check_words("verify.unpack", verify.unpack, known_packings),
      check_positive("verify.unpack_ratio", verify.unpack_ratio),
      check_positive("verify.memory", verify.memory),
      check_positive("verify.time", verify.time),
      check_verifiers(verify, known_formats),
  });
}

result<void> check_network_settings(const network_configuration& network) {
  const auto& name = network.congestion_control;
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (name.size() <= longest_congestion_name && std::ranges::all_of(name, fits))
    return {};
  return refuse_key("network.congestion_control", "expected a name such as \"cubic\" or \"\", got " + in_quotes(name));
}

}  // namespace

result<void> validate(const configuration& subject) {
  if (subject.store.data_dir.empty())
    return refuse_key("store.data_dir", "expected a directory, got \"\"");
  return first_refusal({
      check_http(subject),
      subject.auth.mode == auth_mode::keystone ? check_keystone(subject.keystone) : result<void>{},
      check_barbican(subject),
      check_policy(subject.policy),
      check_imports(subject.imports),
      check_sources(subject.sources),
      check_verify(subject.verify),
      check_word("digests.os_hash_algo", subject.digests.os_hash_algo, known_hashes),
      check_bandwidth(subject.bandwidth),
      check_network_settings(subject.network),
  });
}

}  // namespace sluice::schemas
