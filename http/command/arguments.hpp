// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "http/command/outcome.hpp"

/// The command line, read and checked before anything is sent.
namespace sluice::command {

/// Where the service is and who asks: options first, then OpenStack's environment variables.
struct service_address {
  std::string url = "http://127.0.0.1:9292";
  std::string project;  ///< X-Project-Id; "" = not sent
  std::string token;    ///< X-Auth-Token; "" = not sent
  std::string ca_file;  ///< PEM for https; "" = the system's
};

struct import_arguments {
  std::string location;
  std::optional<std::string> name;
  std::vector<std::string> tags;
  std::optional<std::string> disk_format;
  std::optional<std::string> container_format;
  std::optional<std::string> visibility;
  std::optional<std::uint32_t> min_disk;  ///< GiB
  std::optional<std::uint32_t> min_ram;   ///< MiB
  std::map<std::string, std::string> properties;
  std::optional<std::uint64_t> expected_size;
  std::optional<std::string> expected_algorithm;  ///< sha256 | sha512
  std::optional<std::string> expected_checksum;   ///< lower-case hex
  bool wait = true;
};

struct list_arguments {
  std::string status;  ///< "" = all
  std::uint32_t limit = 25;
};

struct show_arguments {
  std::string id;
};

struct watch_arguments {
  std::string id;
};

struct cancel_arguments {
  std::string id;
};

struct save_arguments {
  std::string id;
  std::string file;  ///< "" = named after the image, in the current directory; "-" = standard output
};

struct arguments {
  service_address service;
  bool json = false;
  std::variant<import_arguments, list_arguments, show_arguments, watch_arguments, cancel_arguments, save_arguments>
      wanted;
};

/// Reads the command line and the environment. `--help` and `--version` print and give `outcome::success` as trouble
/// without words; everything that makes no sense gives `outcome::usage`.
[[nodiscard]] attempt<arguments> read_arguments(int count, const char* const* values);

}  // namespace sluice::command
