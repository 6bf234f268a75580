// SPDX-License-Identifier: Apache-2.0
#include "actors/metrics/process_facts.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace sluice::actors {

namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// When the process began: proc(5), field 22 of stat, counted from the boot.
double read_start() {
  constexpr int fields_after_name_until_start = 20;
  std::ifstream stat{"/proc/self/stat"};
  std::string text{std::istreambuf_iterator<char>{stat}, {}};
  std::ifstream boot{"/proc/stat"};
  double booted = 0;
  for (std::string word; boot >> word;)
    if (word == "btime" && boot >> booted)
      break;
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos || booted == 0)
    return 0;
  std::size_t at = name_end + 1;
  for (int field = 1; field < fields_after_name_until_start && at != std::string::npos; ++field)
    at = text.find(' ', at + 1);
  if (at == std::string::npos)
    return 0;
  const auto ticks = std::strtod(text.c_str() + at, nullptr);
  return booted + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

process_facts look_at_process() {
  process_facts facts;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0)
    facts.cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream pages{"/proc/self/statm"};
  if (pages >> total >> resident)
    facts.resident_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::error_code failed;
  for (std::filesystem::directory_iterator open{"/proc/self/fd", failed}, end; !failed && open != end;
       open.increment(failed))
    ++facts.open_files;
  if (facts.open_files > 0)
    --facts.open_files;  // the directory itself
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    facts.most_files = limit.rlim_cur;
  static const double started = read_start();
  facts.started_at = started;
  return facts;
}

}  // namespace sluice::actors
