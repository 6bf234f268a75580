// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "schemas/configuration_checks.hpp"
#include "schemas/url_reference.hpp"

namespace sluice::schemas::configuration_checks {
namespace {

result<void> check_cloud_url(std::string_view key, const std::string& text,
                             std::string_view example = "https://keystone.example.org/v3") {
  const auto url = parse_url_reference(text);
  const bool usable = url && (url->scheme() == "http" || url->scheme() == "https") && url->has_authority() &&
                      !url->encoded_host().empty() && !url->has_userinfo() && !url->has_query() &&
                      !url->has_fragment() && std::ranges::none_of(text, [](char c) { return c <= ' ' || c == '"'; });
  if (usable)
    return {};
  return refuse_key(key, "expected a URL such as " + in_quotes(std::string{example}) + ", got " +
                             (text.empty() ? std::string{"nothing"} : in_quotes(text)));
}

/// One of a text and a file with that text.
result<void> check_secret(std::string_view key, const std::string& text, const std::string& file) {
  if (text.empty() == file.empty())
    return refuse_key(key, "expected either " + std::string{key.substr(key.rfind('.') + 1)} + " or " +
                               std::string{key.substr(key.rfind('.') + 1)} + "_file, got " +
                               (text.empty() ? "neither" : "both"));
  return {};
}

result<void> check_credentials(const keystone_configuration& keystone) {
  const bool by_password = !keystone.username.empty() || !keystone.password.empty() || !keystone.password_file.empty();
  const bool by_credential = !keystone.application_credential_id.empty() ||
                             !keystone.application_credential_secret.empty() ||
                             !keystone.application_credential_secret_file.empty();
  if (by_password == by_credential)
    return refuse_key("auth.keystone.username",
                      std::string{"expected the service's own account, by username, password and project or by "
                                  "application_credential_id and its secret, got "} +
                          (by_password ? "both" : "neither"));
  if (by_credential) {
    if (keystone.application_credential_id.empty())
      return refuse_key("auth.keystone.application_credential_id", "expected the id of the credential, got nothing");
    return check_secret("auth.keystone.application_credential_secret", keystone.application_credential_secret,
                        keystone.application_credential_secret_file);
  }
  if (keystone.username.empty())
    return refuse_key("auth.keystone.username", "expected the name of the service's account, got nothing");
  if (keystone.project.empty())
    return refuse_key("auth.keystone.project", "expected the name of the service's project, got nothing");
  return check_secret("auth.keystone.password", keystone.password, keystone.password_file);
}

}  // namespace

result<void> check_keystone(const keystone_configuration& keystone) {
  if (keystone.url.empty())
    return refuse_key("auth.keystone.url",
                      "expected the URL of Keystone because auth.mode is \"keystone\", got nothing");
  const auto public_url = keystone.www_authenticate_uri.empty()
                              ? result<void>{}
                              : check_cloud_url("auth.keystone.www_authenticate_uri", keystone.www_authenticate_uri);
  return first_refusal({
      check_cloud_url("auth.keystone.url", keystone.url),
      check_credentials(keystone),
      public_url,
      check_positive("auth.keystone.cache_ttl", keystone.cache_ttl),
      check_positive("auth.keystone.timeout", keystone.timeout),
  });
}

result<void> check_barbican(const configuration& subject) {
  const auto& barbican = subject.verify.barbican;
  if (barbican.url.empty())
    return {};
  if (subject.keystone.url.empty())
    return refuse_key("auth.keystone.url",
                      "expected the URL of Keystone because verify.barbican.url is set, got nothing");
  return first_refusal({
      check_cloud_url("verify.barbican.url", barbican.url, "https://barbican.example.org:9311"),
      check_positive("verify.barbican.timeout", barbican.timeout),
      check_keystone(subject.keystone),
  });
}

}  // namespace sluice::schemas::configuration_checks
