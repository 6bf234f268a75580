// SPDX-License-Identifier: Apache-2.0
#include "schemas/configuration.hpp"

#include <charconv>
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
        "expected one of the sections http, store, auth, auth.keystone, policy, imports, sources, verify, digests, "
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

/// One step of a JSON Pointer as it was before it was escaped.
std::string unescaped_step(std::string_view step) {
  std::string name;
  for (std::size_t i = 0; i < step.size(); ++i)
    if (step[i] == '~' && i + 1 < step.size())
      name += step[++i] == '0' ? '~' : '/';
    else
      name += step[i];
  return name;
}

const toml::node* member_of(const toml::node& parent, const std::string& step) {
  if (const auto* const table = parent.as_table())
    return table->get(step);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  const auto* const list = parent.as_array();
  const bool found = list != nullptr && error == std::errc{} && end == step.data() + step.size();
  return found ? list->get(index) : nullptr;
}

/// Where the file says what `pointer` ("/imports/max_running") points to, or the nearest it says about it; nowhere when
/// it does not mention the section.
toml::source_region position_of(const toml::table& document, std::string_view pointer) {
  const toml::node* found = &document;
  toml::source_region where{};
  std::istringstream steps{std::string{pointer.substr(pointer.empty() ? 0 : 1)}};
  for (std::string step; std::getline(steps, step, '/');) {
    found = member_of(*found, unescaped_step(step));
    if (found == nullptr)
      break;
    where = found->source();
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
