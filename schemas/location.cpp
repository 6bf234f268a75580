// SPDX-License-Identifier: Apache-2.0
#include "schemas/location.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include <boost/url/url.hpp>

#include "schemas/url_reference.hpp"

namespace sluice::schemas {
namespace {

namespace urls = boost::urls;

constexpr std::size_t longest_location = 2048;
constexpr std::size_t longest_host = 253;  // RFC 1035 section 3.1, as text without the root's dot
constexpr std::size_t longest_label = 63;

struct fetchable_scheme {
  std::string_view name;
  std::uint16_t default_port;
};
/// What this version can read; a configuration may allow fewer, never more.
constexpr std::array fetchable_schemes{fetchable_scheme{"http", 80}, fetchable_scheme{"https", 443}};

std::optional<std::uint16_t> default_port(std::string_view scheme) {
  const auto* const known = std::ranges::find(fetchable_schemes, scheme, &fetchable_scheme::name);
  if (known == fetchable_schemes.end())
    return std::nullopt;
  return known->default_port;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
  return result;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

auto invalid(std::string message) {
  return refuse(error_code::invalid_location, std::move(message));
}

/// Characters that no URL holds, and on which parsers disagree: named one by one, so that the user sees what to mend.
result<void> check_characters(std::string_view url) {
  if (url.empty())
    return invalid("The location is empty; expected a complete URL such as https://example.org/disk.qcow2.");
  if (url.size() > longest_location)
    return invalid("The location is longer than 2048 characters; give a shorter URL.");
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      return invalid("The location holds a control character; remove it.");
    if (byte == ' ')
      return invalid("The location holds a space; write it as %20.");
    if (byte == '\\')
      return invalid("The location holds a backslash; URLs are written with forward slashes.");
    if (byte > 0x7f)
      return invalid(
          "The location holds a character outside ASCII; write the host in its xn-- form and percent-encode the rest.");
  }
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

result<std::uint16_t> check_scheme(std::string_view scheme, const sources_configuration& sources) {
  std::vector<std::string> usable;
  for (const auto& known : fetchable_schemes)
    if (std::ranges::find(sources.schemes, known.name) != sources.schemes.end())
      usable.emplace_back(known.name);
  if (std::ranges::find(usable, scheme) != usable.end())
    return default_port(scheme).value();
  const auto choice = usable.empty() ? "The operator allows none that this version can read."
                                     : "Schemes that can be used here: " + joined(usable) + ".";
  if (scheme == "swift" || scheme.starts_with("swift+"))
    return refuse(error_code::scheme_not_allowed,
                  "A Swift location cannot stand here, only what it is on the wire. " + choice);
  return refuse(error_code::scheme_not_allowed, "The location's scheme is not allowed. " + choice);
}

/// Would some resolver take this name for an IPv4 address? The WHATWG rule: its last label is a number.
bool reads_as_number(std::string_view name) {
  const auto dot = name.rfind('.');
  const auto last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (last.starts_with("0x"))
    return true;
  return !last.empty() && std::ranges::all_of(last, is_digit);
}

/// A lower-case registered name (RFC 1123 with the underscore that real hosts have).
result<void> check_name(std::string_view name) {
  if (name.empty())
    return invalid("The location has no host; expected a complete URL such as https://example.org/disk.qcow2.");
  if (name.find('%') != std::string_view::npos)
    return invalid("The location's host holds a percent-encoded character; write the host plainly.");
  if (name.size() > longest_host)
    return invalid("The location's host is longer than 253 characters, which no host name is.");
  if (name.back() == '.')
    return invalid("The location's host ends in a dot; leave the dot out.");
  std::size_t label = 0;
  for (const char c : name) {
    if (c != '.' && c != '-' && c != '_' && !is_alphanumeric(c))
      return invalid(
          "The location's host holds a character that no host name has; expected letters, digits, '-', '.'.");
    if (c == '.' && label == 0)
      return invalid("The location's host has an empty label (two dots in a row, or one in front).");
    label = c == '.' ? 0 : label + 1;
    if (label > longest_label)
      return invalid("The location's host has a label of more than 63 characters, which no host name has.");
  }
  if (reads_as_number(name))
    return invalid(
        "The location's host is an unusual way to write an IP address; write four decimal numbers like 192.0.2.1.");
  return {};
}

result<void> fill_host(const urls::url_view& parsed, location& into) {
  const std::string_view written = parsed.encoded_host();
  switch (parsed.host_type()) {
    case urls::host_type::ipv4: into.host = parsed.host_ipv4_address().to_string(); return {};
    case urls::host_type::ipv6:
      into.host = parsed.host_ipv6_address().to_string();
      into.host_is_ipv6 = true;
      return {};
    case urls::host_type::name: into.host = lower(written); return check_name(into.host);
    case urls::host_type::none: return check_name({});
    case urls::host_type::ipvfuture: break;
  }
  return invalid("The location's host is an IP literal of an unknown version; expected IPv4 or IPv6.");
}

result<std::uint16_t> read_port(const urls::url_view& parsed, std::uint16_t when_absent,
                                const sources_configuration& sources) {
  const std::string_view written = parsed.has_port() ? std::string_view{parsed.port()} : std::string_view{};
  std::uint32_t port = when_absent;
  if (!written.empty()) {
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), port);
    if (error != std::errc{} || end != written.data() + written.size() || port == 0 || port > 65535)
      return invalid("The location's port is impossible; expected a number from 1 to 65535.");
  }
  const auto checked = static_cast<std::uint16_t>(port);
  if (!sources.ports.empty() && std::ranges::find(sources.ports, checked) == sources.ports.end()) {
    std::vector<std::string> allowed;
    for (const auto each : sources.ports)
      allowed.push_back(std::to_string(each));
    return refuse(error_code::port_not_allowed,
                  "Port " + std::to_string(checked) +
                      " is not one that images may be read from; allowed: " + joined(allowed) + ".");
  }
  return checked;
}

result<location> take_apart(const urls::url_view& parsed, const sources_configuration& sources) {
  location taken;
  taken.scheme = lower(std::string_view{parsed.scheme()});
  const auto usual_port = check_scheme(taken.scheme, sources);
  if (!usual_port)
    return tl::unexpected{usual_port.error()};
  if (!parsed.has_authority())
    return invalid("The location has no host; expected a complete URL such as https://example.org/disk.qcow2.");
  if (parsed.has_userinfo())
    return invalid("The location holds a user name or password before the host; they are not accepted in a URL.");
  if (const auto checked = fill_host(parsed, taken); !checked)
    return tl::unexpected{checked.error()};
  const auto port = read_port(parsed, *usual_port, sources);
  if (!port)
    return tl::unexpected{port.error()};
  taken.port = *port;
  const std::string_view path = parsed.encoded_path();
  taken.target = path.empty() ? "/" : path;
  if (parsed.has_query()) {
    taken.target += '?';
    taken.target += std::string_view{parsed.encoded_query()};
  }
  return taken;
}

std::string bracketed(const location& subject) {
  return subject.host_is_ipv6 ? '[' + subject.host + ']' : subject.host;
}

/// The URL that a reference stands for when its path needs no merging (RFC 3986 section 5.2.2), byte by byte: Boost.URL
/// 1.81 decodes what is percent-encoded when it resolves, and %2F is no slash. Empty when it must be resolved.
std::optional<std::string> whole_reference(const location& from, const urls::url_view& parsed,
                                           std::string_view reference) {
  const std::string_view path = parsed.encoded_path();
  std::string small{path};
  std::ranges::transform(small, small.begin(), [](char c) { return lower(c); });
  if (small.find("/.") != std::string::npos || small.find("%2e") != std::string::npos)
    return std::nullopt;
  if (parsed.has_scheme())
    return parsed.has_authority() ? std::optional{std::string{reference}} : std::nullopt;
  if (parsed.has_authority())
    return from.scheme + ':' + std::string{reference};
  if (path.starts_with('/'))
    return from.origin() + std::string{reference};
  return std::nullopt;
}

/// The same refusal, told of a redirect: one code for all of them.
failure of_redirect(failure why) {
  why.code = error_code::source_redirect;
  why.message = "The source redirects to a location that cannot be followed. " + why.message;
  return why;
}

}  // namespace

std::string location::display() const {
  return scheme + "://" + host_header() + target.substr(0, target.find('?'));
}

std::string location::origin() const {
  return scheme + "://" + bracketed(*this) + ':' + std::to_string(port);
}

std::string location::host_header() const {
  if (default_port(scheme) == port)
    return bracketed(*this);
  return bracketed(*this) + ':' + std::to_string(port);
}

result<location> parse_location(std::string_view url, const sources_configuration& sources) {
  if (const auto checked = check_characters(url); !checked)
    return tl::unexpected{checked.error()};
  const auto parsed = parse_url_reference(url);
  if (!parsed && url.find("[") != std::string_view::npos && url.find("%25") != std::string_view::npos)
    return invalid("The location's IPv6 address carries a zone, which means nothing to another machine; leave it out.");
  if (!parsed || !parsed->has_scheme())
    return invalid(
        "The location is not a valid URL; expected one such as https://example.org/disk.qcow2, with unusual characters "
        "percent-encoded.");
  return take_apart(*parsed, sources);
}

result<location> resolve_redirect(const location& from, std::string_view reference,
                                  const sources_configuration& sources) {
  if (const auto checked = check_characters(reference); !checked)
    return tl::unexpected{of_redirect(checked.error())};
  const auto parsed = parse_url_reference(reference);
  const auto whole = parsed ? whole_reference(from, *parsed, reference) : std::optional<std::string>{};
  const auto base_text = whole ? *whole : from.origin() + from.target;
  const auto base = parse_url_reference(base_text);
  urls::url resolved;
  if (!parsed || !base || (!whole && !urls::resolve(*base, *parsed, resolved)))
    return refuse(error_code::source_redirect, "The source redirects to something that is not a valid URL.");
  if (whole)
    resolved = *base;
  if (resolved.size() > longest_location)
    return refuse(error_code::source_redirect, "The source redirects to a URL of more than 2048 characters.");
  auto next = take_apart(resolved, sources);
  if (!next)
    return tl::unexpected{of_redirect(next.error())};
  // RFC 3986 section 5.2.4: segments above the root vanish. Boost.URL 1.81 leaves them in front.
  while (next->target.starts_with("/../"))
    next->target.erase(0, 3);
  if (from.secure() && !next->secure())
    return refuse(error_code::source_redirect,
                  "The source redirects from https to http, which would give up the protection of the connection.");
  return next;
}

}  // namespace sluice::schemas
