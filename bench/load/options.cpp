// SPDX-License-Identifier: Apache-2.0
#include "bench/load/options.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdlib>
#include <map>

namespace sluice::bench {
namespace {

nanoseconds from_seconds(double seconds) {
  return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>{seconds});
}

/// "http://host[:port]/path" taken apart; https is not spoken here.
void read_url(const std::string& url, load_options& options) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme))
    throw CLI::ValidationError("--url", "expected http://host[:port]/path, got \"" + url + "\"");
  const auto slash = url.find('/', scheme.size());
  auto authority = url.substr(scheme.size(), slash == std::string::npos ? slash : slash - scheme.size());
  options.target = slash == std::string::npos ? "/" : url.substr(slash);
  options.port = "80";
  const auto colon = authority.rfind(':');
  if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
    options.port = authority.substr(colon + 1);
    authority.resize(colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  if (authority.empty() || options.port.empty())
    throw CLI::ValidationError("--url", "no host or no port in \"" + url + "\"");
  options.host = authority;
}

/// "20,200" or "5000": milliseconds from … to.
std::pair<nanoseconds, nanoseconds> read_phase(const std::string& name, const std::vector<double>& milliseconds) {
  if (milliseconds.empty() || milliseconds.size() > 2 || milliseconds.front() < 1 ||
      milliseconds.back() < milliseconds.front())
    throw CLI::ValidationError(name, "expected SHORTEST,LONGEST in milliseconds, at least 1");
  return {from_seconds(milliseconds.front() / 1000), from_seconds(milliseconds.back() / 1000)};
}

}  // namespace

load_options read_options(int count, char** words) {
  load_options options;
  std::string url;
  double duration = 10, timeout = 30, timeline = 0;
  std::vector<double> busy{20, 200}, quiet{20, 200};
  bool evenly = false;
  const std::map<std::string, load_mode> modes{
      {"requests", load_mode::requests}, {"bursts", load_mode::bursts}, {"streams", load_mode::streams}};

  CLI::App app{
      "Loads an HTTP server in an open loop: latency counts from when a request was due, not from when it could be "
      "sent. Prints one line of JSON."};
  app.add_option("--url", url, "http://host[:port]/path")->required();
  app.add_option("--mode", options.mode, "requests | bursts | streams")->transform(CLI::CheckedTransformer(modes));
  app.add_option("--method", options.method, "GET | POST")->check(CLI::IsMember({"GET", "POST"}));
  app.add_option("--body", options.body, "of a POST, sent as application/json");
  app.add_option("--header", options.headers, "a further header line; repeatable");
  app.add_option("--connections", options.connections, "kept alive; in streams: downloads")->check(CLI::Range(1, 4096));
  app.add_option("--rate", options.rate, "requests a second; in bursts: while busy")->check(CLI::Range(0.01, 1e6));
  app.add_flag("--evenly", evenly, "requests evenly spaced instead of at random (Poisson)");
  app.add_option("--duration", duration, "seconds")->check(CLI::Range(0.05, 86400.0));
  app.add_option("--timeout", timeout, "seconds, of one request")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--range-bytes", options.range_bytes, "ask for pieces of this size, anywhere in the file");
  app.add_option("--file-bytes", options.file_bytes, "size of the file, for --range-bytes");
  app.add_option("--drop-file", options.drop_file, "drop this file's pages from the cache before each request");
  app.add_option("--pace", options.pace, "streams: bytes a second that each client takes; 0 as fast as they come");
  app.add_option("--busy", busy, "bursts: SHORTEST,LONGEST ms")->delimiter(',')->expected(1, 2);
  app.add_option("--quiet", quiet, "bursts: SHORTEST,LONGEST ms")->delimiter(',')->expected(1, 2);
  app.add_option("--timeline", timeline, "ms of a slice for a list of figures over time; 0 none");
  app.add_flag("--copy", options.copy, "copy bodies to memory instead of discarding them in the kernel");
  app.add_option("--seed", options.seed, "of what is at random");
  try {
    app.parse(count, words);
    read_url(url, options);
    options.busy = read_phase("--busy", busy);
    options.quiet = read_phase("--quiet", quiet);
    if (options.range_bytes != 0 && options.file_bytes < options.range_bytes)
      throw CLI::ValidationError("--file-bytes", "must be at least --range-bytes");
    if (timeline != 0 && (timeline < 1 || duration * 1000 / timeline > 100'000))
      throw CLI::ValidationError("--timeline", "slices are at least 1 ms and at most 100000 in all");
    for (const auto& line : options.headers)
      if (line.find_first_of("\r\n") != std::string::npos || line.find(':') == std::string::npos)
        throw CLI::ValidationError("--header", "expected \"Name: value\"");
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  options.poisson = !evenly;
  options.duration = from_seconds(duration);
  options.timeout = from_seconds(timeout);
  options.timeline = from_seconds(timeline / 1000);
  return options;
}

}  // namespace sluice::bench
