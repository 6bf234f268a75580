// SPDX-License-Identifier: Apache-2.0
#include "schemas/configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <catch2/catch.hpp>

#include "tests/support/file_content.hpp"

using namespace sluice::schemas;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string shipped_file() {
  return sluice::tests::file_content(SLUICE_SOURCE_DIR "/sluice.toml");
}

std::string refusal(std::string_view text) {
  const auto parsed = parse_configuration(text, "f.toml");
  return parsed ? "accepted" : parsed.error().message;
}

}  // namespace

TEST_CASE("The shipped sluice.toml says the defaults and nothing else") {
  const auto parsed = parse_configuration(shipped_file(), "sluice.toml");
  REQUIRE(parsed);
  CHECK(*parsed == configuration{});
  CHECK(parse_configuration("", "empty") == configuration{});
  CHECK(load_configuration(SLUICE_SOURCE_DIR "/sluice.toml") == configuration{});
}

TEST_CASE("Every known key stands in the shipped sluice.toml, with a line of meaning") {
  std::set<std::string> written;
  std::string section;
  std::istringstream lines{shipped_file()};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# [bandwidth.projects"))
      section = "bandwidth.projects.*";
    else if (line.starts_with("# [[verify.command]]"))
      section = "verify.command.*";
    else if (line.starts_with("# [verify.certificates"))
      section = "verify.certificates";
    else if (line.starts_with('['))
      section = line.substr(1, line.find(']') - 1);
    const auto text = line.starts_with("# ") ? line.substr(2) : line;
    const auto equals = text.find(" = ");
    if (equals == std::string::npos || text.find(' ') != equals)
      continue;
    const auto key = section == "verify.certificates" ? "*" : text.substr(0, equals);
    written.insert(section + '.' + key);
    INFO(line);
    CHECK(text.find("# ") != std::string::npos);
  }
  auto known = known_configuration_keys();
  for (const auto& key : known) {
    INFO(key);
    if (key.starts_with("bandwidth.schedule.*."))  // shown in the comment of schedule
      CHECK_THAT(shipped_file(), Contains(key.substr(key.rfind('.') + 1) + " = \""));
    else
      CHECK(written.contains(key));
  }
  for (const auto& key : written) {
    INFO(key);
    CHECK((std::ranges::find(known, key) != known.end() || key == "bandwidth.schedule"));
  }
}

TEST_CASE("Every setting reaches its member") {
  const auto parsed = parse_configuration(R"(
[http]
listen = "[::1]:1"
operator_listen = "127.0.0.1:2"
public_endpoint = "https://images.example.org/prefix"
allowed_origins = ["https://dashboard.example.org", "http://[::1]:8080"]
tls_certificate = "c"
tls_key = "k"
[store]
data_dir = "/d"
[auth]
mode = "trusted-headers"
mode_none_listens_anywhere = true
[auth.keystone]
url = "u"
username = "n"
password = "p"
password_file = "f"
project = "j"
user_domain = "ud"
project_domain = "pd"
region = "r"
cache_ttl = "1s"
application_credential_id = "aci"
application_credential_secret = "acs"
application_credential_secret_file = "acf"
www_authenticate_uri = "w"
ca_file = "ca"
timeout = "2s"
[policy]
roles = ["Uploader"]
add_image = ["uploader"]
[imports]
max_running = 1
max_running_per_project = 2
max_waiting_per_project = 3
max_image_size = 4
max_virtual_size = "5KiB"
project_quota = "0MB"
result_ttl = "7h"
stall_timeout = "8s"
minimum_rate = "9B/s"
deadline = "10min"
retries = 0
[sources]
schemes = ["https"]
ports = []
allow_networks = ["10.0.0.0/8", "::1/128"]
ca_file = "ca"
[verify]
raw = "any"
formats = ["qcow2"]
memory = 11
time = "12s"
dirty = "accept"
trailing_bytes = "refuse"
encrypted_raw = "accept"
unpack = ["gzip", "ova"]
unpack_ratio = 10
trusted_ca = "authorities"
converter = "/bin/true"
quarantine = true
[[verify.command]]
name = "a-1"
program = "/bin/sh"
arguments = ["-c", "x y"]
time = "13s"
memory = 14
formats = ["iso"]
readable = ["/srv"]
on_failure = "accept"
[[verify.command]]
name = "b"
program = "/bin/true"
[verify.clamav]
socket = "127.0.0.1:3310"
time = "15s"
max_stream = "16MiB"
on_failure = "accept"
[verify.barbican]
ca_file = "/b.pem"
timeout = "3s"
[verify.certificates]
"71C675AB-d94f-49cd-a114-e12490b328d9" = "/signer.pem"
[digests]
os_hash_algo = "sha256"
md5 = false
[bandwidth]
profile = "balanced"
link = "10Gbit/s"
import_max = "13B/s"
per_project_max = "14B/s"
per_import_max = "15B/s"
per_source_host_max = "16B/s"
export_max = "17B/s"
trickle = "12B/s"
serve_target = "19us"
starved_percent = 2.5
in_flight = "20ms"
gate_block = "24KiB"
schedule = [{ from = "01:00", to = "05:30", profile = "import-first" }]
[bandwidth.projects."a.b"]
weight = 2
max = "22B/s"
[bandwidth.projects.c]
[network]
congestion_control = "cubic"
)",
                                          "f.toml");
  if (!parsed)
    FAIL(parsed.error().message);
  configuration expected;
  expected.http = {"[::1]:1",
                   "127.0.0.1:2",
                   "https://images.example.org/prefix",
                   {"https://dashboard.example.org", "http://[::1]:8080"},
                   "c",
                   "k"};
  expected.store = {"/d"};
  expected.auth = {auth_mode::trusted_headers, true};
  expected.keystone = {"u", "n", "p", "f", "j", "ud", "pd", "r", 1s, "aci", "acs", "acf", "w", "ca", 2s};
  expected.policy.further_roles = {"uploader"};
  expected.policy.set(policy_rule::add_image, {"uploader"});
  expected.imports = {1, 2, 3, 4, 5 << 10, 0, 7h, 8s, 9, 10min, 0};
  expected.sources = {{"https"}, {}, {"10.0.0.0/8", "::1/128"}, "ca"};
  auto& verify = expected.verify;
  verify.raw = raw_policy::any;
  verify.formats = {"qcow2"};
  verify.unpack = {"gzip", "ova"};
  verify.unpack_ratio = 10;
  verify.memory = 11;
  verify.time = 12s;
  verify.accept_dirty = true;
  verify.accept_trailing_bytes = false;
  verify.accept_encrypted_raw = true;
  verify.certificates = {{"71c675ab-d94f-49cd-a114-e12490b328d9", "/signer.pem"}};
  verify.trusted_ca = "authorities";
  verify.barbican = {"", "/b.pem", 3s};
  verify.converter = "/bin/true";
  verify.quarantine = true;
  expected.verify.commands = {{"a-1", "/bin/sh", {"-c", "x y"}, 13s, 14, {"iso"}, {"/srv"}, true}, {"b", "/bin/true"}};
  expected.verify.clamav = {"127.0.0.1:3310", 15s, 16 << 20, true};
  expected.digests = {"sha256", false};
  auto& bandwidth = expected.bandwidth;
  bandwidth.profile = "balanced";
  bandwidth.link = 1'250'000'000;
  bandwidth.import_max = 13;
  bandwidth.per_project_max = 14;
  bandwidth.per_import_max = 15;
  bandwidth.per_source_host_max = 16;
  bandwidth.export_max = 17;
  bandwidth.trickle = 12;
  bandwidth.serve_target = 19us;
  bandwidth.starved_percent = 2.5;
  bandwidth.in_flight = 20ms;
  bandwidth.gate_block = 24 << 10;
  bandwidth.schedule = {{1h, 5h + 30min, "import-first"}};
  bandwidth.projects = {{"a.b", {2.0, 22}}, {"c", {}}};
  expected.network = {"cubic"};
  CHECK(*parsed == expected);
}

TEST_CASE("A refusal names file, line and key, what was expected and what came") {
  CHECK(refusal("[imports]\nmax_running = \"eight\"\n") ==
        "f.toml:2: imports.max_running: expected a whole number from 0 to 4294967295, got the string 'eight'");
  CHECK(refusal("\n\n[imports]\nmax_runing = 8\n") ==
        "f.toml:4: imports.max_runing: expected one of the keys max_running, max_running_per_project, "
        "max_waiting_per_project, max_image_size, max_virtual_size, project_quota, result_ttl, stall_timeout, "
        "minimum_rate, deadline, retries, got an unknown name");
  CHECK(refusal("[imports]\n\nmax_running = 0\n") == "f.toml:3: imports.max_running: expected more than zero, got 0");
  CHECK(refusal("[sources]\nports = [80,\n 0]\n") ==
        "f.toml:3: sources.ports.1: expected a port from 1 to 65535, got the integer 0");
}

TEST_CASE("What cannot be meant is refused, with its key") {
  struct row {
    std::string text;
    std::string says;
  };
  const std::vector<row> rows{
      // Not TOML, unknown names, wrong shapes
      {"[http", "f.toml:1: expected valid TOML"},
      {"[http]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "f.toml:3: expected valid TOML"},
      {"listen = \"127.0.0.1:1\"", "f.toml:1: listen: expected one of the sections"},
      {"[htttp]", "f.toml:1: htttp: expected one of the sections"},
      {"[auth.keystome]", "auth.keystome: expected one of the keys mode"},
      {"[http.listen]", "http.listen: expected a string, got a value of type table"},
      {"http = 1", "f.toml:1: http: expected a table, got the integer 1"},
      {"[[imports]]", "imports: expected a table"},
      {"[http]\nlisten = 9292", "http.listen: expected a string, got the integer 9292"},
      {"[store]\ndata_dir = true", "store.data_dir: expected a string, got the boolean true"},
      {"[digests]\nmd5 = \"yes\"", "digests.md5: expected true or false"},
      {"[digests]\nmd5 = 1", "digests.md5: expected true or false"},
      {"[imports]\nmax_running = 1.0", "imports.max_running: expected a whole number"},
      {"[imports]\nmax_running = -1", "imports.max_running: expected a whole number"},
      {"[imports]\nmax_running = 4294967296", "imports.max_running: expected a whole number"},
      {"[imports]\nmax_image_size = \"1 parsec\"", "imports.max_image_size: expected a size with a unit"},
      {"[imports]\nmax_image_size = -1", "imports.max_image_size: expected a whole number"},
      {"[imports]\nmax_image_size = 1.5", "imports.max_image_size: expected a size"},
      {"[imports]\nresult_ttl = 48", "imports.result_ttl: expected a time with a unit"},
      {"[imports]\nresult_ttl = \"48\"", "imports.result_ttl: expected a time with a unit"},
      {"[imports]\nminimum_rate = 1024", "imports.minimum_rate: expected a rate with a unit"},
      {"[sources]\nports = 80", "sources.ports: expected an array of ports"},
      {"[sources]\nports = [\"80\"]", "sources.ports.0: expected a port"},
      {"[sources]\nports = [65536]", "sources.ports.0: expected a port"},
      {"[sources]\nschemes = \"http\"", "sources.schemes: expected an array of schemes"},
      {"[sources]\nschemes = [1]", "sources.schemes.0: expected a string"},
      {"[auth]\nmode = \"password\"", R"(auth.mode: expected one of "none", "trusted-headers", "keystone")"},
      {"[auth]\nmode = 1", "auth.mode: expected one of"},
      {"[bandwidth]\nprojects = 1", "bandwidth.projects: expected a table for each project id"},
      {"[bandwidth.projects]\np = 1", "bandwidth.projects.p: expected a table with weight and max"},
      {"[bandwidth.projects.p]\nwieght = 1", "bandwidth.projects.p.wieght: expected one of the keys weight, max"},
      {"[bandwidth.projects.p]\nweight = \"2\"", "bandwidth.projects.p.weight: expected a number"},
      {"[bandwidth.projects.p]\nmax = 1", "bandwidth.projects.p.max: expected a rate"},
      {"[bandwidth]\nschedule = [1]", "bandwidth.schedule.0: expected a table such as"},
      {"[bandwidth]\nschedule = [{ from = \"01:00\" }]",
       "bandwidth.schedule.0: expected a table with from, to and profile"},
      {"[bandwidth]\nschedule = [{ form = \"01:00\" }]",
       "bandwidth.schedule.0.form: expected one of the keys from, to, profile"},
      {"[bandwidth]\nschedule = [{ from = \"24:00\", to = \"01:00\", profile = \"balanced\" }]",
       "bandwidth.schedule.0.from: expected a time"},
      {"[bandwidth]\nschedule = [{ from = \"1:00\", to = \"01:00\", profile = \"balanced\" }]",
       "bandwidth.schedule.0.from: expected a time"},
      {"[bandwidth]\nschedule = [{ from = \"-1:00\", to = \"01:00\", profile = \"balanced\" }]",
       "bandwidth.schedule.0.from: expected a time"},
      {"[bandwidth]\nschedule = [{ from = \"00:00\", to = \"00:60\", profile = \"balanced\" }]",
       "bandwidth.schedule.0.to: expected a time"},
      // Impossible values and contradictions
      {"[http]\nlisten = \"localhost:1\"", "f.toml:2: http.listen: expected an address and a port"},
      {"[http]\nlisten = \"127.0.0.1\"", "f.toml:2: http.listen: expected an address and a port"},
      {"[http]\noperator_listen = \"nowhere\"", "f.toml:2: http.operator_listen: expected an address and a port"},
      {"[http]\noperator_listen = \"127.0.0.1:9292\"", "f.toml:2: http.operator_listen: expected another port"},
      {"[http]\nlisten = \"0.0.0.0:9292\"", "mode_none_listens_anywhere = true"},
      {"[http]\nlisten = \"[::]:9292\"", "f.toml:2: http.listen: expected a loopback address"},
      {"[http]\ntls_certificate = \"c\"",
       "f.toml:2: http.tls_certificate: expected tls_certificate and tls_key together"},
      {"[http]\ntls_key = \"k\"", "f.toml:2: http.tls_key: expected tls_certificate and tls_key together"},
      {"[http]\npublic_endpoint = \"images.example.org\"", "http.public_endpoint: expected the base of a URL"},
      {"[http]\npublic_endpoint = \"https://images.example.org/\"", "http.public_endpoint: expected the base of a URL"},
      {"[http]\npublic_endpoint = \"ftp://images.example.org\"", "http.public_endpoint: expected the base of a URL"},
      {"[http]\npublic_endpoint = \"https://u@images.example.org\"",
       "http.public_endpoint: expected the base of a URL"},
      {"[http]\npublic_endpoint = \"https://images.example.org?x\"",
       "http.public_endpoint: expected the base of a URL"},
      {"[http]\nallowed_origins = [\"*\"]", "http.allowed_origins: expected origins as browsers send them"},
      {"[http]\nallowed_origins = [\"https://a.example/\"]", "http.allowed_origins: expected origins"},
      {"[http]\nallowed_origins = [\"https://a.example:443\"]", "http.allowed_origins: expected origins"},
      {"[http]\nallowed_origins = [\"http://a.example:\"]", "http.allowed_origins: expected origins"},
      {"[http]\nallowed_origins = [\"https://A.example\"]", "http.allowed_origins: expected origins"},
      {"[http]\nallowed_origins = [\"https://u@a.example\"]", "http.allowed_origins: expected origins"},
      {"[http]\nallowed_origins = [\"a.example\"]", "http.allowed_origins: expected origins"},
      {"[http]\nallowed_origins = \"https://a.example\"", "http.allowed_origins: expected an array of origins"},
      {"[store]\ndata_dir = \"\"", "f.toml:2: store.data_dir: expected a directory"},
      {"[auth]\nmode = \"keystone\"", "f.toml:1: auth.keystone.url: expected the URL of Keystone"},
      {"[imports]\nmax_running_per_project = 0", "imports.max_running_per_project: expected more than zero"},
      {"[imports]\nmax_waiting_per_project = 0", "imports.max_waiting_per_project: expected more than zero"},
      {"[imports]\nmax_image_size = 0", "imports.max_image_size: expected more than zero"},
      {"[imports]\nmax_virtual_size = \"0\"", "imports.max_virtual_size: expected more than zero"},
      {"[imports]\nresult_ttl = \"0\"", "imports.result_ttl: expected more than zero"},
      {"[imports]\nstall_timeout = \"999us\"", "imports.stall_timeout: expected more than zero"},
      {"[imports]\ndeadline = \"0s\"", "imports.deadline: expected more than zero"},
      {"[sources]\nschemes = []", "sources.schemes: expected at least one"},
      {"[sources]\nschemes = [\"file\"]", "sources.schemes: expected one of"},
      {"[sources]\nschemes = [\"HTTP\"]", "sources.schemes: expected one of"},
      {"[sources]\nallow_networks = [\"10.0.0.1\"]", "f.toml:2: sources.allow_networks: expected networks such as"},
      {"[sources]\nallow_networks = [\"10.0.0.1/8\"]",
       "sources.allow_networks: expected a network whose address is zero"},
      {"[digests]\nos_hash_algo = \"md5\"", "digests.os_hash_algo: expected one of \"sha512\", \"sha256\""},
      {"[bandwidth]\nprofile = \"fast\"", "bandwidth.profile: expected one of"},
      {"[bandwidth]\nstarved_percent = 101", "bandwidth.starved_percent: expected a percentage"},
      {"[bandwidth]\nstarved_percent = nan", "bandwidth.starved_percent: expected a percentage"},
      {"[bandwidth]\ngate_block = 0", "bandwidth.gate_block: expected more than zero"},
      {"[bandwidth]\nin_flight = \"0\"", "bandwidth.in_flight: expected more than zero"},
      {"[bandwidth]\nserve_target = \"0\"", "bandwidth.serve_target: expected more than zero"},
      {"[bandwidth]\ntrickle = \"0\"", "bandwidth.trickle: expected more than zero"},
      {"[bandwidth]\nschedule = [{ from = \"01:00\", to = \"02:00\", profile = \"x\" }]",
       "f.toml:2: bandwidth.schedule: expected one of"},
      {"[bandwidth]\nschedule = [{ from = \"01:00\", to = \"01:00\", profile = \"balanced\" }]",
       "bandwidth.schedule: expected from and to to differ"},
      {"[bandwidth]\ngate_block = \"6KiB\"",
       "f.toml:2: bandwidth.gate_block: expected a multiple of 4KiB up to 256KiB, got \"6KiB\""},
      {"[bandwidth]\ngate_block = \"512KiB\"", "f.toml:2: bandwidth.gate_block: expected a multiple of 4KiB"},
      {"[bandwidth]\n\nlink = \"1KiB/s\"",
       "f.toml:3: bandwidth.link: expected at least bandwidth.trickle (\"64KiB/s\")"},
      {"[bandwidth]\nimport_max = \"1KiB/s\"", "f.toml:2: bandwidth.import_max: expected at least bandwidth.trickle"},
      {"[bandwidth]\nper_project_max = \"1KiB/s\"", "f.toml:2: bandwidth.per_project_max: expected at least"},
      {"[bandwidth]\ntrickle = \"2MiB/s\"\nper_import_max = \"1MiB/s\"",
       "f.toml:3: bandwidth.per_import_max: expected at least bandwidth.trickle (\"2MiB/s\"), which every import gets, "
       "got \"1MiB/s\""},
      {"[bandwidth]\nper_source_host_max = \"1KiB/s\"", "f.toml:2: bandwidth.per_source_host_max: expected at least"},
      {"[bandwidth.projects]\nq = {}\np = { max = \"1KiB/s\" }", "f.toml:3: bandwidth.projects: expected at least"},
      {"[bandwidth.projects.\"a/b~c\"]\n\nweight = 1e6", "f.toml:3: bandwidth.projects: expected a weight from 0.001"},
      {"[bandwidth]\nschedule = [\n{ from = \"22:00\", to = \"06:00\", profile = \"balanced\" },\n"
       "{ from = \"05:30\", to = \"07:00\", profile = \"import-first\" }]",
       "f.toml:4: bandwidth.schedule: expected one profile at any time of day, got \"balanced\" from 22:00 to 06:00 "
       "(entry 1) and \"import-first\" from 05:30 to 07:00 (entry 2)"},
      {"[imports]\n\nmax_running = 0", "f.toml:3: imports.max_running: expected more than zero"},
      {"[bandwidth.projects.p]\nweight = 0", "bandwidth.projects: expected a weight above zero for project \"p\""},
      {"[bandwidth.projects.p]\nweight = -1", "bandwidth.projects: expected a weight above zero"},
      {"[bandwidth.projects.p]\nweight = inf", "bandwidth.projects: expected a weight above zero"},
      {"[bandwidth.projects.p]\nweight = nan", "bandwidth.projects: expected a weight above zero"},
      {"[network]\ncongestion_control = \"../x\"", "network.congestion_control: expected a name"},
      {"[network]\ncongestion_control = \"sixteenletters00\"", "network.congestion_control: expected a name"},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    CHECK_THAT(refusal(row.text), Contains(row.says));
  }
}

TEST_CASE("Two listeners may both ask for a free port") {
  CHECK(parse_configuration("[http]\nlisten = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\n", "f"));
}

TEST_CASE("A configuration file that cannot be read, or is no configuration, is refused by name") {
  const auto absent = load_configuration("/nonexistent/sluice.toml");
  REQUIRE_FALSE(absent);
  CHECK_THAT(absent.error().message, Contains("/nonexistent/sluice.toml: expected a readable"));
  const auto directory = load_configuration(SLUICE_SOURCE_DIR);
  REQUIRE_FALSE(directory);
  const auto endless = load_configuration("/dev/zero");
  REQUIRE_FALSE(endless);
  CHECK_THAT(endless.error().message, Contains("at most 1 MiB"));
}
