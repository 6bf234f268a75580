// SPDX-License-Identifier: Apache-2.0
#include "schemas/swift_location.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include <boost/url/pct_string_view.hpp>

namespace sluice::schemas {
namespace {

constexpr std::size_t longest_location = 2048;
constexpr std::string_view separator = "://";

auto invalid(std::string message) {
  return refuse(error_code::invalid_location, std::move(message));
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The scheme in lower case; empty when there is none.
std::string scheme_of(std::string_view url) {
  const auto end = url.find(':');
  if (end == std::string_view::npos)
    return {};
  std::string scheme{url.substr(0, end)};
  std::ranges::transform(scheme, scheme.begin(), [](char c) { return lower(c); });
  return scheme;
}

/// What a Swift scheme is on the wire; empty for one that is not read.
std::string_view carried_by(std::string_view scheme) {
  if (scheme == "swift" || scheme == "swift+https")
    return "https";
  return scheme == "swift+http" ? "http" : std::string_view{};
}

result<void> check_scheme(const std::string& scheme, const sources_configuration& sources) {
  const bool allowed = std::ranges::find(sources.schemes, scheme) != sources.schemes.end();
  if (!carried_by(scheme).empty() && allowed)
    return {};
  std::string usable;
  for (const auto& each : sources.schemes)
    usable += (usable.empty() ? "" : ", ") + each;
  if (scheme == "swift+config")
    return refuse(error_code::scheme_not_allowed,
                  "Swift locations that refer to the operator's configuration are not read. Schemes that can be used "
                  "here: " +
                      usable + ".");
  return refuse(error_code::scheme_not_allowed,
                "The location's scheme, one of Swift's, is not allowed. Schemes that "
                "can be used here: " +
                    usable + ".");
}

/// The parts of `swift://[user:key@]host/path` as text, before anybody has judged them.
struct pieces {
  std::string scheme;
  std::optional<std::string_view> credentials;
  std::string_view rest;      ///< host, port, path and query
  std::string_view fragment;  ///< without '#'
};

result<pieces> cut(std::string_view url) {
  const auto mark = url.find(separator);
  if (mark == std::string_view::npos || mark + 1 < url.find(':'))
    return invalid("The location is not a complete URL; expected one such as swift://cloud.example/v1/ACCOUNT/c/o.");
  pieces cut;
  cut.scheme = scheme_of(url);
  cut.rest = url.substr(mark + separator.size());
  if (cut.rest.substr(0, cut.rest.find('?')).find(separator) != std::string_view::npos)
    return invalid(
        "The Swift location holds two schemes; write swift+http:// or swift+https:// in front, nothing else.");
  if (const auto hash = cut.rest.find('#'); hash != std::string_view::npos) {
    cut.fragment = cut.rest.substr(hash + 1);
    cut.rest = cut.rest.substr(0, hash);
  }
  const auto authority = cut.rest.substr(0, cut.rest.find_first_of("/?"));
  if (const auto at = authority.find('@'); at != std::string_view::npos) {
    if (authority.find('@', at + 1) != std::string_view::npos)
      return invalid("The location holds two '@' before the path; write the one in a name or key as %40.");
    cut.credentials = authority.substr(0, at);
    cut.rest.remove_prefix(at + 1);
  }
  return cut;
}

/// One part of the user information, decoded; empty when it is not what RFC 3986 section 3.2.1 allows, or would not
/// stand in a header field.
std::optional<std::string> decoded(std::string_view text) {
  constexpr std::string_view allowed = "-._~!$&'()*+,;=%";
  const auto plain = [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || allowed.find(c) != std::string_view::npos;
  };
  if (text.empty() || !std::ranges::all_of(text, plain))
    return std::nullopt;
  const auto checked = boost::urls::make_pct_string_view({text.data(), text.size()});
  if (!checked)
    return std::nullopt;
  auto out = checked->decode();
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(out, control))
    return std::nullopt;
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_dots(std::string_view segment) {
  constexpr std::array<std::string_view, 8> dots{".", "..", "%2e", "%2E", ".%2e", ".%2E", "%2e.", "%2E."};
  if (std::ranges::find(dots, segment) != dots.end())
    return true;
  std::string small{segment};
  std::ranges::transform(small, small.begin(), [](char c) { return lower(c); });
  return small == "%2e%2e";
}

bool is_first_version(std::string_view segment) {
  return segment == "v1" || segment == "v1.0";
}

/// The path of an object that is read without signing in, with the version that it must have.
result<std::string> object_path(std::string_view path) {
  const auto segments = split(path.substr(1), '/');
  std::size_t names = 0;  // where the account begins, or the container of a store that has no accounts in its paths
  std::size_t needed = 3;
  if (is_first_version(segments.front())) {
    names = 1;
  } else if (segments.front() == "swift" && segments.size() > 1 && is_first_version(segments[1])) {
    names = 2;  // Ceph's gateway: /swift/v1/CONTAINER/OBJECT
    needed = 2;
  }
  if (segments.size() < names + needed || std::ranges::any_of(segments, is_dots))
    return invalid(
        "Expected a Swift location with account, container and object, such as "
        "swift://cloud.example/v1/ACCOUNT/CONTAINER/OBJECT.");
  for (std::size_t i = 0; i < needed; ++i)
    if (segments[names + i].empty())
      return invalid("The Swift location has an empty account, container or object.");
  return names == 0 ? "/v1" + std::string{path} : std::string{path};
}

/// Takes `where` from AUTH/CONTAINER/OBJECT to AUTH, and reads the credentials by what AUTH is.
result<void> read_sign_in(std::string_view credentials, swift_location& into) {
  auto& target = into.where.target;
  if (target.find('?') != std::string::npos)
    return invalid("A Swift location with user and key has no query; leave it out.");
  const auto object = target.rfind('/');
  const auto container = object == 0 ? std::string::npos : target.rfind('/', object - 1);
  if (container == std::string::npos || container == 0 || object + 1 == target.size() || object == container + 1)
    return invalid(
        "Expected a Swift location with the URL to sign in, container and object, such as "
        "swift://PROJECT:USER:KEY@keystone.example/v3/CONTAINER/OBJECT.");
  if (std::ranges::any_of(split(target, '/'), is_dots))
    return invalid("The Swift location's path holds a dot segment; leave it out.");
  into.object = target.substr(container);
  target.resize(container);
  const auto version = std::string_view{target}.substr(target.rfind('/') + 1);

  std::vector<std::string> parts;
  for (const auto each : split(credentials, ':')) {
    auto text = decoded(each);
    if (!text)
      return invalid(
          "The Swift location's user or key holds a character that must be percent-encoded, or is empty; expected "
          "USER:KEY or PROJECT:USER:KEY before the '@'.");
    parts.push_back(std::move(*text));
  }
  if (parts.size() < 2 || parts.size() > 3)
    return invalid("Expected USER:KEY or PROJECT:USER:KEY before the '@' of the Swift location.");
  into.key = parts.back();
  if (version == "v3") {
    if (parts.size() != 3)
      return invalid("Expected PROJECT:USER:KEY before the '@': Keystone v3 needs the project.");
    into.access = swift_access::keystone;
    into.project = parts[0];
    into.user = parts[1];
    return {};
  }
  if (!is_first_version(version))
    return invalid(
        "Expected the URL to sign in to end in /v3 (Keystone) or /v1.0 (Swift's own), before container and object.");
  into.access = swift_access::v1;
  into.user = parts.size() == 3 ? parts[0] + ':' + parts[1] : parts[0];
  return {};
}

}  // namespace

bool is_swift_location(std::string_view url) noexcept {
  constexpr std::string_view word = "swift";
  if (url.size() <= word.size() || (url[word.size()] != ':' && url[word.size()] != '+'))
    return false;
  return std::ranges::equal(url.substr(0, word.size()), word, {}, [](char c) { return lower(c); });
}

result<swift_location> parse_swift_location(std::string_view url, const sources_configuration& sources) {
  if (url.size() > longest_location)
    return invalid("The location is longer than 2048 characters; give a shorter URL.");
  if (const auto checked = check_scheme(scheme_of(url), sources); !checked)
    return tl::unexpected{checked.error()};
  const auto parts = cut(url);
  if (!parts)
    return tl::unexpected{parts.error()};

  auto over = sources;
  over.schemes = {std::string{carried_by(parts->scheme)}};
  auto where = parse_location(over.schemes.front() + std::string{separator} + std::string{parts->rest}, over);
  if (!where)
    return tl::unexpected{std::move(where.error())};
  swift_location read;
  read.where = std::move(*where);
  read.normalised = parts->scheme + std::string{separator};
  if (parts->credentials)
    read.normalised += std::string{*parts->credentials} + '@';
  read.normalised += read.where.host_header() + read.where.target;

  if (parts->credentials) {
    if (const auto signing = read_sign_in(*parts->credentials, read); !signing)
      return tl::unexpected{signing.error()};
    return read;
  }
  auto& target = read.where.target;
  const auto path_end = std::min(target.find('?'), target.size());
  const auto path = object_path(std::string_view{target}.substr(0, path_end));
  if (!path)
    return tl::unexpected{path.error()};
  read.temporary = target.find("temp_url_sig=", path_end) != std::string::npos;
  target.replace(0, path_end, *path);
  read.token_handle = parts->fragment;
  return read;
}

result<location> object_location(const location& signed_in_at, std::string_view storage_url, std::string_view object,
                                 const sources_configuration& sources) {
  auto plain = sources;
  plain.schemes = {"http", "https"};
  while (storage_url.ends_with('/'))
    storage_url.remove_suffix(1);
  const bool no_path = storage_url.find_first_of("?#") != std::string_view::npos || storage_url.empty();
  auto found = resolve_redirect(signed_in_at, std::string{storage_url} + std::string{object}, plain);
  if (no_path || storage_url.find(separator) == std::string_view::npos || !found)
    return refuse(error_code::source_protocol,
                  "Could not retrieve image. The object store that the sign-in names cannot be used from here: its "
                  "address must be a URL with an allowed port, over https when the sign-in was.");
  return found;
}

result<std::string> normalised_location(std::string_view url, const sources_configuration& sources) {
  if (is_swift_location(url)) {
    auto parsed = parse_swift_location(url, sources);
    if (!parsed)
      return tl::unexpected{std::move(parsed.error())};
    return std::move(parsed->normalised);
  }
  const auto parsed = parse_location(url, sources);
  if (!parsed)
    return tl::unexpected{parsed.error()};
  return parsed->scheme + std::string{separator} + parsed->host_header() + parsed->target;
}

}  // namespace sluice::schemas
