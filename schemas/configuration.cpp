// SPDX-License-Identifier: Apache-2.0
#include "schemas/configuration.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

#include "schemas/configuration_keys.hpp"

namespace sluice::schemas {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;

/// "FILE:LINE: key: words": what an editor can jump to.
tl::unexpected<failure> refuse_at(std::string_view origin, const toml::source_region& where, std::string_view key,
                                  std::string_view words) {
  std::string message{origin};
  if (where.begin)
    message += ':' + std::to_string(where.begin.line);
  message += ": ";
  if (!key.empty())
    message += std::string{key} + ": ";
  return refuse(error_code::invalid_request, message + std::string{words});
}

/// What came, for a message. Secrets are named by their type only.
std::string describe_value(const toml::node& value, std::string_view key) {
  constexpr std::size_t longest = 60;
  std::ostringstream type;
  type << value.type();
  if (key.find("password") != std::string_view::npos || value.is_table() || value.is_array())
    return "a value of type " + type.str();
  std::ostringstream text;
  value.visit([&text](const auto& typed) { text << typed; });
  if (text.str().size() > longest)
    return "a long " + type.str();
  return "the " + type.str() + ' ' + text.str();
}

result<void> read_section(const toml::table& section, const std::string& prefix, std::string_view origin,
                          configuration& into);

result<void> read_entry(const std::string& name, const toml::node& value, std::string_view origin,
                        configuration& into) {
  for (const auto& key : configuration_keys())
    if (key.name == name) {
      const auto wrong = key.read(value, into);
      if (!wrong)
        return {};
      const auto where = name + wrong->below;
      return refuse_at(origin, wrong->at->source(), where, wrong->words + ", got " + describe_value(*wrong->at, where));
    }
  if (is_configuration_section(name)) {
    if (const auto* const inner = value.as_table())
      return read_section(*inner, name, origin, into);
    return refuse_at(origin, value.source(), name, "expected a table, got " + describe_value(value, name));
  }
  const auto dot = name.rfind('.');
  if (dot == std::string::npos)
    return refuse_at(
        origin, value.source(), name,
        "expected one of the sections http, store, auth, auth.keystone, imports, sources, verify, digests, "
        "bandwidth, network, got an unknown name");
  return refuse_at(origin, value.source(), name,
                   "expected one of the keys " + keys_of_section(name.substr(0, dot)) + ", got an unknown name");
}

result<void> read_section(const toml::table& section, const std::string& prefix, std::string_view origin,
                          configuration& into) {
  for (const auto& [key, value] : section) {
    const auto name = prefix.empty() ? std::string{key.str()} : prefix + '.' + std::string{key.str()};
    if (auto read = read_entry(name, value, origin, into); !read)
      return read;
  }
  return {};
}

/// Where the file says what `pointer` ("/imports/max_running") points to; nowhere when the file does not say it.
toml::source_region position_of(const toml::table& document, std::string_view pointer) {
  const toml::node* found = &document;
  toml::source_region where{};
  std::istringstream steps{std::string{pointer.substr(pointer.empty() ? 0 : 1)}};
  for (std::string step; found != nullptr && std::getline(steps, step, '/');) {
    const auto* const inner = found->as_table();
    found = inner == nullptr ? nullptr : inner->get(step);
    where = found == nullptr ? toml::source_region{} : found->source();
  }
  return where;
}

}  // namespace

result<configuration> parse_configuration(std::string_view text, std::string_view origin) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return refuse_at(origin, error.source(), {}, "expected valid TOML: " + std::string{error.description()});
  }
  configuration read;
  if (const auto outcome = read_section(document, {}, origin, read); !outcome)
    return tl::unexpected{outcome.error()};
  if (const auto outcome = validate(read); !outcome)
    return refuse_at(origin, position_of(document, outcome.error().field), {}, outcome.error().message);
  return read;
}

result<configuration> load_configuration(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string text(largest_file + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad() || (text.empty() && !stream.is_open()))
    return refuse(error_code::invalid_request,
                  file.string() + ": expected a readable configuration file; check that it exists and its permissions");
  if (text.size() > largest_file)
    return refuse(error_code::invalid_request, file.string() + ": expected a configuration of at most 1 MiB");
  return parse_configuration(text, file.string());
}

}  // namespace sluice::schemas
