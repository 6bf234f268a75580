// SPDX-License-Identifier: Apache-2.0
#include "bench/load/load_report.hpp"

#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

constexpr std::size_t most_names = 32;  // of errors; the rest is counted together

double seconds(nanoseconds time) {
  return std::chrono::duration<double>{time}.count();
}

}  // namespace

void load_report::close_slice() {
  open_.p50_ms = current_.quantile_ms(0.5);
  open_.p99_ms = current_.quantile_ms(0.99);
  open_.max_ms = current_.largest_ms();
  slices_.push_back(open_);
  open_ = slice{};
  current_ = latencies{};
}

void load_report::move_to(load_clock::time_point now) {
  if (options_.timeline == nanoseconds{0})
    return;
  const auto index = static_cast<std::size_t>((now - start_) / options_.timeline);
  while (slices_.size() < index)
    close_slice();
}

void load_report::completed(load_clock::time_point now, nanoseconds latency) {
  move_to(now);
  all_.add(latency);
  current_.add(latency);
  ++completed_;
  ++open_.completed;
}

void load_report::failed(load_clock::time_point now, const std::string& why, std::optional<nanoseconds> waited) {
  move_to(now);
  if (waited) {
    all_.add(*waited);
    current_.add(*waited);
  }
  ++failed_;
  ++open_.failed;
  ++errors_[errors_.size() < most_names || errors_.contains(why) ? why : "others"];
}

void load_report::received(load_clock::time_point now, std::uint64_t bytes) {
  if (bytes == 0)
    return;
  move_to(now);
  bytes_ += bytes;
  open_.bytes += bytes;
}

std::string load_report::to_json(load_clock::time_point end, bool real_time) {
  const auto length = seconds(end - start_);
  nlohmann::ordered_json out{
      {"started", seconds(start_.time_since_epoch())},
      {"seconds", length},
      {"real_time", real_time},
      {"offered", offered_},
      {"completed", completed_},
      {"failed", failed_},
      {"errors", errors_},
      {"bytes", bytes_},
      {"mb_per_s", static_cast<double>(bytes_) / 1e6 / length},
      {"latency_ms",
       {{"p50", all_.quantile_ms(0.5)},
        {"p95", all_.quantile_ms(0.95)},
        {"p99", all_.quantile_ms(0.99)},
        {"p99.9", all_.quantile_ms(0.999)},
        {"max", all_.largest_ms()},
        {"mean", all_.mean_ms()}}},
  };
  if (options_.timeline != nanoseconds{0}) {
    close_slice();
    auto rows = nlohmann::ordered_json::array();
    for (const auto& one : slices_)
      rows.push_back({{"completed", one.completed},
                      {"failed", one.failed},
                      {"bytes", one.bytes},
                      {"p50", one.p50_ms},
                      {"p99", one.p99_ms},
                      {"max", one.max_ms}});
    out["slice_ms"] = seconds(options_.timeline) * 1000;
    out["timeline"] = std::move(rows);
  }
  return out.dump();
}

}  // namespace sluice::bench
