// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench {

using load_clock =
    std::chrono::steady_clock;  // CLOCK_MONOTONIC, as Python's time.monotonic(): timelines can be laid side by side
using nanoseconds = std::chrono::nanoseconds;

enum class load_mode { requests, bursts, streams };

/// What the command line asks for; checked, so that every value here can be used as it is.
struct load_options {
  load_mode mode = load_mode::requests;
  std::string host;    ///< name or address, without brackets
  std::string port;    ///< decimal
  std::string target;  ///< path and query, as sent
  std::string method = "GET";
  std::string body;                  ///< of a POST; sent as application/json
  std::vector<std::string> headers;  ///< further lines "Name: value"
  unsigned connections = 16;         ///< 1 … 4096; streams: how many downloads
  double rate = 100;                 ///< requests a second, > 0
  bool poisson = true;               ///< arrivals at random; otherwise evenly spaced
  nanoseconds duration{};
  nanoseconds timeout{};          ///< a request that takes longer has failed
  std::uint64_t range_bytes = 0;  ///< 0: the whole answer
  std::uint64_t file_bytes = 0;   ///< size of what ranges are taken from
  std::string drop_file;          ///< its pages are dropped from the page cache before each request
  std::uint64_t pace = 0;         ///< bytes a second of each stream; 0: as fast as they come
  std::pair<nanoseconds, nanoseconds> busy{}, quiet{};  ///< shortest and longest phase of a burst and between bursts
  nanoseconds timeline{};                               ///< length of a slice; 0: none
  bool copy = false;  ///< copy the body to memory instead of discarding it in the kernel
  std::uint64_t seed = 1;
};

/// Reads the command line; explains itself and leaves the program on --help and on errors (status 2).
[[nodiscard]] load_options read_options(int count, char** words);

}  // namespace sluice::bench
