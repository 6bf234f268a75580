// SPDX-License-Identifier: Apache-2.0
#include "http/command/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string_view>

#include <CLI/CLI.hpp>

namespace sluice::command {
namespace {

constexpr auto footer = R"(Where and who, when the options do not say:
  OS_IMAGE_ENDPOINT, OS_IMAGE_ENDPOINT_OVERRIDE, OS_ENDPOINT_OVERRIDE   the service's URL
  OS_PROJECT_ID   the project      OS_TOKEN, OS_AUTH_TOKEN   a Keystone token
  OS_CACERT       certificates that https is checked against (PEM)

Exit status:
  0  done                          3  the service refused the request
  1  the import or download failed 4  the service does not answer, or is in trouble
  2  wrong usage                   130  interrupted)";

std::string from_environment(std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
      return value;
  return {};
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// `sha256:HEX`, `sha512:HEX` or `size:BYTES`.
attempt<void> read_expectation(const std::string& text, import_arguments& into) {
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  auto value = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
  if (kind == "size") {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc{} || end != value.data() + value.size())
      return give_up(outcome::usage,
                     "--expect size: takes a number of bytes, for example size:1048576; \"" + value + "\" is none.");
    into.expected_size = size;
    return {};
  }
  if (kind != "sha256" && kind != "sha512")
    return give_up(outcome::usage, "--expect takes sha256:HEX, sha512:HEX or size:BYTES; \"" + text +
                                       "\" is none of these." +
                                       (kind == "md5" ? " md5 alone does not prove what the bytes are." : ""));
  std::transform(value.begin(), value.end(), value.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::size_t digits = kind == "sha256" ? 64 : 128;
  if (value.size() != digits || !is_hex(value))
    return give_up(outcome::usage, "--expect " + kind + ": takes " + std::to_string(digits) +
                                       " hexadecimal digits, as " + kind + "sum prints them; " +
                                       std::to_string(value.size()) + " characters came.");
  if (into.expected_checksum)
    return give_up(outcome::usage, "--expect takes one checksum: give sha256 or sha512, not several.");
  into.expected_algorithm = kind;
  into.expected_checksum = value;
  return {};
}

attempt<void> read_property(const std::string& text, import_arguments& into) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return give_up(outcome::usage, "--property takes KEY=VALUE; \"" + text + "\" has no key or no \"=\".");
  if (!into.properties.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
    return give_up(outcome::usage, "--property " + text.substr(0, equals) + " is given twice: give each key once.");
  return {};
}

attempt<void> check_location(const std::string& location) {
  if (location.find("://") != std::string::npos)
    return {};
  std::error_code ignored;
  if (std::filesystem::exists(location, ignored))
    return give_up(outcome::usage, location +
                                       " is a file on this machine, and the service fetches from a URL. Put it on a "
                                       "web server the service can reach, or try it alone with: ./start " +
                                       location);
  return give_up(outcome::usage, "LOCATION is the URL of an image, for example https://example.org/disk.qcow2; \"" +
                                     location + "\" has no scheme.");
}

/// Ids become part of a URL's path: nothing but what ids are made of.
attempt<void> check_id(const std::string& id) {
  const bool plain = !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
  if (plain)
    return {};
  return give_up(outcome::usage, "\"" + id + "\" is not an id. Ids look like 0b2c6c1e-...; see them with: sluice list");
}

}  // namespace

attempt<arguments> read_arguments(int count, const char* const* values) {
  arguments read;
  import_arguments imported;
  list_arguments listed;
  std::string id;
  save_arguments saved;
  std::string url;
  std::vector<std::string> expectations;
  std::vector<std::string> properties;
  bool no_wait = false;

  CLI::App app{"sluice: imports disk images into a cloud, and shows how that goes", "sluice"};
  app.footer(footer);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", std::string{SLUICE_VERSION});
  app.add_option("--url", url, "the service, for example https://image.example.org")->type_name("URL");
  app.add_option("--project", read.service.project, "the project that asks (X-Project-Id)")->type_name("ID");
  app.add_option("--ca-file", read.service.ca_file, "certificates that https is checked against")->type_name("PEM");
  app.add_flag("--json", read.json, "print one JSON document, for scripts");

  auto* import = app.add_subcommand("import", "import the image at a URL, and show how it goes");
  import->add_option("LOCATION", imported.location, "http or https URL of a disk image")->required();
  import->add_option("--name", imported.name, "what the image is called")->type_name("NAME");
  import->add_option("--tag", imported.tags, "a tag; may be repeated")->type_name("TAG")->expected(1)->take_all();
  import->add_option("--disk-format", imported.disk_format, "what the bits must be; found out when not given")
      ->type_name("FORMAT");
  import->add_option("--container-format", imported.container_format, "bare when not given")->type_name("FORMAT");
  import->add_option("--visibility", imported.visibility, "who sees it")->type_name("shared|private|community|public");
  import->add_option("--min-disk", imported.min_disk, "smallest disk it boots from, in GiB")->type_name("GIB");
  import->add_option("--min-ram", imported.min_ram, "smallest memory it boots with, in MiB")->type_name("MIB");
  import->add_option("--property", properties, "any other property; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
  import->add_option("--expect", expectations, "what the bytes must be: sha256:HEX, sha512:HEX, size:BYTES")
      ->type_name("KIND:VALUE")
      ->expected(1)
      ->take_all();
  import->add_flag("--no-wait", no_wait, "return as soon as the service has accepted it");

  auto* list = app.add_subcommand("list", "the imports of this project, newest first");
  list->add_option("--status", listed.status, "only these")
      ->check(CLI::IsMember({"waiting", "uploading", "verifying", "success", "failure"}));
  list->add_option("--limit", listed.limit, "at most so many")->check(CLI::Range(1, 100000));

  auto* show = app.add_subcommand("show", "everything about one import or image");
  show->add_option("ID", id, "of an import or an image")->required();
  auto* watch = app.add_subcommand("watch", "show how an import goes, until it ends");
  watch->add_option("ID", id, "of an import")->required();
  auto* cancel = app.add_subcommand("cancel", "end an import; one that is over is removed from the list");
  cancel->add_option("ID", id, "of an import")->required();
  auto* save = app.add_subcommand("save", "download an image and check its digests");
  save->add_option("ID", id, "of an image, or of the import that made it")->required();
  save->add_option("--file", saved.file, "where to; - is standard output; named after the image when not given")
      ->type_name("PATH");

  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(error);
      return give_up(outcome::success, {});
    }
    std::ostringstream words;
    app.exit(error, words, words);
    auto text = words.str();
    while (!text.empty() && text.back() == '\n')
      text.pop_back();
    return give_up(outcome::usage, text);
  }

  read.service.url =
      !url.empty() ? url
                   : from_environment({"OS_IMAGE_ENDPOINT", "OS_IMAGE_ENDPOINT_OVERRIDE", "OS_ENDPOINT_OVERRIDE"});
  if (read.service.url.empty())
    read.service.url = service_address{}.url;
  if (read.service.project.empty())
    read.service.project = from_environment({"OS_PROJECT_ID"});
  read.service.token = from_environment({"OS_TOKEN", "OS_AUTH_TOKEN"});
  if (read.service.ca_file.empty())
    read.service.ca_file = from_environment({"OS_CACERT"});

  attempt<void> checked;
  if (*import) {
    imported.wait = !no_wait;
    checked = check_location(imported.location);
    for (const auto& text : expectations)
      checked = checked.and_then([&] { return read_expectation(text, imported); });
    for (const auto& text : properties)
      checked = checked.and_then([&] { return read_property(text, imported); });
    read.wanted = std::move(imported);
  } else if (*list) {
    read.wanted = std::move(listed);
  } else {
    checked = check_id(id);
    if (*show)
      read.wanted = show_arguments{id};
    else if (*watch)
      read.wanted = watch_arguments{id};
    else if (*cancel)
      read.wanted = cancel_arguments{id};
    else
      read.wanted = save_arguments{id, saved.file};
  }
  if (!checked)
    return tl::unexpected{checked.error()};
  return read;
}

}  // namespace sluice::command
