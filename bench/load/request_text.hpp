// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "bench/load/options.hpp"

namespace sluice::bench {

/// Writes the requests: the same each time, or each for another piece of the file. With `--drop-file` the piece (or the
/// whole file) is dropped from the page cache first, so that the server has to read it from the disk.
class request_text {
 public:
  explicit request_text(const load_options& options) : options_{options}, random_{options.seed + 1} {
    const bool ipv6 = options.host.find(':') != std::string::npos;
    front_ = options.method + " " + options.target + " HTTP/1.1\r\nHost: " + (ipv6 ? "[" : "") + options.host +
             (ipv6 ? "]:" : ":") + options.port + "\r\n";
    for (const auto& line : options.headers)
      front_ += line + "\r\n";
    if (options.method == "POST")
      back_ = "Content-Type: application/json\r\nContent-Length: " + std::to_string(options.body.size()) + "\r\n";
    back_ += "\r\n" + options.body;
    if (!options.drop_file.empty() && (file_ = ::open(options.drop_file.c_str(), O_RDONLY | O_CLOEXEC)) < 0) {
      std::perror(("open_loop: " + options.drop_file).c_str());
      std::exit(2);
    }
  }
  ~request_text() {
    if (file_ >= 0)
      ::close(file_);
  }
  request_text(const request_text&) = delete;
  request_text& operator=(const request_text&) = delete;

  [[nodiscard]] std::string next() {
    if (options_.range_bytes == 0) {
      drop(0, 0);
      return front_ + back_;
    }
    constexpr std::uint64_t page = 4096;
    const auto last_page = (options_.file_bytes - options_.range_bytes) / page;
    const auto begin = std::uniform_int_distribution<std::uint64_t>{0, last_page}(random_)*page;
    drop(begin, options_.range_bytes);
    return front_ + "Range: bytes=" + std::to_string(begin) + "-" + std::to_string(begin + options_.range_bytes - 1) +
           "\r\n" + back_;
  }

 private:
  void drop(std::uint64_t begin, std::uint64_t length) {
    if (file_ >= 0)
      posix_fadvise(file_, static_cast<off_t>(begin), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
  }

  const load_options& options_;
  std::mt19937_64 random_;
  std::string front_, back_;
  int file_ = -1;
};

}  // namespace sluice::bench
