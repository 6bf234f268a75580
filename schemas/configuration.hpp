// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/failure.hpp"
#include "schemas/policy.hpp"

namespace sluice::schemas {

using bytes_per_second = std::uint64_t;  ///< 0 = no cap

/// `[http]`
struct http_configuration {
  std::string listen = "127.0.0.1:9292";
  std::string operator_listen = "127.0.0.1:9293";
  std::string public_endpoint;               ///< base of absolute URLs in answers; "" = what the client asked for
  std::vector<std::string> allowed_origins;  ///< whose pages may ask from a browser
  std::string tls_certificate;
  std::string tls_key;

  friend bool operator==(const http_configuration&, const http_configuration&) = default;
};

/// `[store]`
struct store_configuration {
  std::filesystem::path data_dir = "/var/lib/sluice";

  friend bool operator==(const store_configuration&, const store_configuration&) = default;
};

enum class auth_mode : std::uint8_t { none, trusted_headers, keystone };

/// `[auth]`
struct auth_configuration {
  auth_mode mode = auth_mode::none;
  /// Key `mode_none_listens_anywhere`: without it, mode none listens on loopback only.
  bool allow_remote_without_auth = false;

  friend bool operator==(const auth_configuration&, const auth_configuration&) = default;
};

/// `[auth.keystone]`
struct keystone_configuration {
  std::string url;
  std::string username;
  std::string password;
  std::string password_file;
  std::string project;
  std::string user_domain = "Default";
  std::string project_domain = "Default";
  std::string region;
  std::chrono::milliseconds cache_ttl = std::chrono::seconds{300};
  std::string application_credential_id;  ///< instead of username, password and project
  std::string application_credential_secret;
  std::string application_credential_secret_file;
  std::string www_authenticate_uri;  ///< where clients are told to get tokens; "" = url
  std::string ca_file;
  std::chrono::milliseconds timeout = std::chrono::seconds{10};  ///< for one answer of Keystone

  friend bool operator==(const keystone_configuration&, const keystone_configuration&) = default;
};

/// `[imports]`
struct imports_configuration {
  std::uint32_t max_running = 8;
  std::uint32_t max_running_per_project = 4;
  std::uint32_t max_waiting_per_project = 100;
  std::uint64_t max_image_size = std::uint64_t{1} << 40;
  std::uint64_t max_virtual_size = std::uint64_t{1} << 40;
  std::uint64_t project_quota = 0;  ///< bytes; 0 = none
  std::chrono::milliseconds result_ttl = std::chrono::hours{48};
  std::chrono::milliseconds stall_timeout = std::chrono::seconds{60};
  bytes_per_second minimum_rate = 1024;
  std::chrono::milliseconds deadline = std::chrono::hours{24};
  std::uint32_t retries = 5;

  friend bool operator==(const imports_configuration&, const imports_configuration&) = default;
};

/// `[sources]`
struct sources_configuration {
  std::vector<std::string> schemes{"http", "https", "swift", "swift+http", "swift+https"};
  std::vector<std::uint16_t> ports{80, 443};  ///< empty = any
  std::vector<std::string> allow_networks;    ///< CIDRs let through although refused by default
  std::string ca_file;
  std::string swift_domain = "Default";  ///< of project and user in Swift locations that sign in at Keystone

  friend bool operator==(const sources_configuration&, const sources_configuration&) = default;
};

enum class raw_policy : std::uint8_t { recognised, any };

/// `[[verify.command]]`: a program of the operator's that judges images, in the sandbox.
struct verify_command {
  std::string name;                      ///< in records and metrics: lower-case letters, digits, hyphens
  std::filesystem::path program;         ///< absolute
  std::vector<std::string> arguments{};  ///< as they are; no shell looks at them
  std::chrono::milliseconds time = std::chrono::seconds{30};  ///< of the processor, for one image
  std::uint64_t memory = std::uint64_t{256} << 20;
  std::vector<std::string> formats{};   ///< which images it sees; empty = all
  std::vector<std::string> readable{};  ///< paths that it may read and execute beside the system's own folders
  bool accept_on_failure = false;       ///< key `on_failure`: when it comes to no verdict

  friend bool operator==(const verify_command&, const verify_command&) = default;
};

/// `[verify.clamav]`: ClamAV's daemon, asked over its stream protocol.
struct clamav_configuration {
  std::string socket;                                         ///< a path, or a loopback address and port; "" = none
  std::chrono::milliseconds time = std::chrono::seconds{60};  ///< by the clock, for one part
  std::uint64_t max_stream = std::uint64_t{25} << 20;         ///< bytes of one part: at most clamd's StreamMaxLength
  bool accept_on_failure = false;                             ///< key `on_failure`

  friend bool operator==(const clamav_configuration&, const clamav_configuration&) = default;
};

/// `[verify.barbican]`: where the certificates of those who sign images are kept, beside those of the configuration.
struct barbican_configuration {
  std::string url;  ///< "" = it is not asked
  std::string ca_file;
  std::chrono::milliseconds timeout = std::chrono::seconds{10};  ///< for one answer

  friend bool operator==(const barbican_configuration&, const barbican_configuration&) = default;
};

/// `[verify]`
struct verify_configuration {
  raw_policy raw = raw_policy::recognised;
  std::vector<std::string> formats{"raw", "iso",  "qcow2", "vmdk", "vhd", "vhdx", "vdi",
                                   "qed", "luks", "ami",   "aki",  "ari", "ova"};
  /// What may be taken off around an image: gzip, xz, zstd, bzip2, ova.
  std::vector<std::string> unpack;
  std::uint32_t unpack_ratio = 2000;  ///< bytes out for each byte in, once 1 GiB is out
  std::string convert_to;             ///< "" | raw | qcow2
  std::uint64_t memory = std::uint64_t{256} << 20;
  std::chrono::milliseconds time = std::chrono::seconds{10};
  bool accept_dirty = false;          ///< key `dirty`: images that were not closed properly but are consistent
  bool accept_trailing_bytes = true;  ///< key `trailing_bytes`: behind the end that an image's own tables give it
  /// Key `encrypted_raw`: a LUKS volume that is declared raw is a raw disk, encrypted as a whole.
  bool accept_encrypted_raw = false;
  std::filesystem::path converter = "/usr/bin/qemu-img";  ///< what converts images
  bool quarantine = false;                                ///< stored images that are found damaged are deactivated
  std::vector<verify_command> commands{};                 ///< in the order in which they run
  clamav_configuration clamav{};
  /// Who may sign images: `[verify.certificates]`, the certificate's UUID in lower case and its file (PEM or DER).
  std::map<std::string, std::string> certificates;
  barbican_configuration barbican{};
  std::string trusted_ca;  ///< PEM bundle that those certificates must descend from; "" = they are trusted as they are

  friend bool operator==(const verify_configuration&, const verify_configuration&) = default;
};

/// `[digests]`
struct digests_configuration {
  std::string os_hash_algo = "sha512";  ///< sha512 | sha256
  bool md5 = true;

  friend bool operator==(const digests_configuration&, const digests_configuration&) = default;
};

struct project_bandwidth {
  double weight = 1.0;
  bytes_per_second max = 0;

  friend bool operator==(const project_bandwidth&, const project_bandwidth&) = default;
};

struct bandwidth_schedule_entry {
  std::chrono::minutes from{};  ///< since local midnight
  std::chrono::minutes to{};
  std::string profile;

  friend bool operator==(const bandwidth_schedule_entry&, const bandwidth_schedule_entry&) = default;
};

/// `[bandwidth]`
struct bandwidth_configuration {
  std::string profile = "serve-first";
  bytes_per_second link = 0;  ///< 0 = learn it
  bytes_per_second import_max = 0;
  bytes_per_second per_project_max = 0;
  bytes_per_second per_import_max = 0;
  bytes_per_second per_source_host_max = 0;
  bytes_per_second export_max = 0;
  bytes_per_second trickle = 64 << 10;
  std::chrono::microseconds serve_target{300};
  double starved_percent = 1.0;
  std::chrono::microseconds in_flight{4000};
  std::uint64_t gate_block = 128 << 10;
  std::vector<bandwidth_schedule_entry> schedule;
  std::map<std::string, project_bandwidth> projects;

  friend bool operator==(const bandwidth_configuration&, const bandwidth_configuration&) = default;
};

/// `[network]`
struct network_configuration {
  std::string congestion_control;

  friend bool operator==(const network_configuration&, const network_configuration&) = default;
};

/// Everything `sluice.toml` may say, with its defaults.
struct configuration {
  http_configuration http;
  store_configuration store;
  auth_configuration auth;
  keystone_configuration keystone;
  schemas::policy policy;
  imports_configuration imports;
  sources_configuration sources;
  verify_configuration verify;
  digests_configuration digests;
  bandwidth_configuration bandwidth;
  network_configuration network;

  friend bool operator==(const configuration&, const configuration&) = default;
};

/// Reads a configuration text. Unknown keys, wrong types and impossible values are refused; the message reads
/// "FILE:LINE: key: what was expected, what came". `origin` is FILE.
[[nodiscard]] result<configuration> parse_configuration(std::string_view text, std::string_view origin);
[[nodiscard]] result<configuration> load_configuration(const std::filesystem::path& file);

/// Every key that a configuration may hold, in the order of the file, as `section.key`. Keys of one project's bandwidth
/// read `bandwidth.projects.*.weight`, certificates `verify.certificates.*`, those of a schedule's entries
/// `bandwidth.schedule.*.from`, those of a verifier `verify.command.*.name`.
[[nodiscard]] std::vector<std::string> known_configuration_keys();

/// Impossible values, contradictions between values, and what this version cannot do. Called by the two above, and
/// again after the command line's overrides. The message begins with the key; `field` points to it
/// ("/imports/max_running").
[[nodiscard]] result<void> validate(const configuration& subject);

}  // namespace sluice::schemas
