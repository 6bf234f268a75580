// SPDX-License-Identifier: Apache-2.0
#include "bench/load/stream_load.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/request_text.hpp"
#include "bench/load/waiting.hpp"
#include "bench/load/watched_connection.hpp"

namespace sluice::bench {
namespace {

constexpr std::uint64_t no_limit = ~std::uint64_t{0};
constexpr nanoseconds retry_after = std::chrono::milliseconds{100};
/// A client that is late would be woken for each packet, before everybody else, and take more of the processor the
/// later it is: between two reads it lets some gather, as one does that has something to do with what it read. Not
/// SO_RCVLOWAT: where the server may send but one packet (after a loss), both would wait for the acknowledgement that
/// is delayed.
constexpr nanoseconds between_reads = std::chrono::microseconds{200};
constexpr nanoseconds longest_wait = std::chrono::milliseconds{50};

class stream_load {
 public:
  stream_load(const load_options& options, load_clock::time_point start, load_report& report)
      : options_{options},
        report_{report},
        server_{resolve(options)},
        text_{options},
        end_{start + options.duration},
        piece_{std::max<std::uint64_t>(options.pace / 100, 4096)} {
    for (unsigned i = 0; i < options.connections; ++i)
      streams_.push_back(std::make_unique<stream>(waiting_, i, server_, options.copy));
  }

  void run() {
    for (std::uint32_t i = 0; i < streams_.size(); ++i)
      begin(i, load_clock::now());
    for (auto now = load_clock::now(); now < end_; now = load_clock::now()) {
      auto wake = std::min(end_, now + longest_wait);
      for (std::uint32_t i = 0; i < streams_.size(); ++i) {
        auto& one = *streams_[i];
        if (one.link.descriptor() < 0) {
          if (now >= one.again)
            begin(i, now);
          wake = std::min(wake, one.again);
        } else if (now - one.moved > options_.timeout && budget(one, now) != 0) {
          one.link.close();
          lost(one, now, "timed out");
        }
        const bool reads = budget(one, now) != 0;
        one.want(reads && now >= one.rests_until ? std::uint32_t{EPOLLIN} : 0);
        if (reads && now < one.rests_until)
          wake = std::min(wake, one.rests_until);
        if (one.opened && options_.pace != 0 && budget(one, now) == 0)
          wake = std::min(wake, piece_due(one, one.pieces));
      }
      for (const auto& event : waiting_.wait(wake))
        advance(event.data.u32);
    }
  }

 private:
  struct stream : watched_connection {
    using watched_connection::watched_connection;
    load_clock::time_point asked, moved, again, rests_until;
    load_clock::time_point first;           ///< of the first body: the clock of the pace starts here
    bool opened = false, answered = false;  ///< since ever; in this download
    std::uint64_t taken = 0, pieces = 0;    ///< bytes, and whole pieces of them, since `first`
  };

  [[nodiscard]] load_clock::time_point piece_due(const stream& one, std::uint64_t index) const {
    const auto seconds = static_cast<double>((index + 1) * piece_) / static_cast<double>(options_.pace);
    return one.first + std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>{seconds});
  }

  /// How much the client wants now.
  [[nodiscard]] std::uint64_t budget(const stream& one, load_clock::time_point now) const {
    if (options_.pace == 0 || !one.opened)
      return no_limit;
    const auto elapsed = std::chrono::duration<double>{now - one.first}.count();
    const auto whole = static_cast<std::uint64_t>(elapsed * static_cast<double>(options_.pace)) / piece_ * piece_;
    return whole > one.taken ? whole - one.taken : 0;
  }

  void begin(std::uint32_t index, load_clock::time_point now) {
    auto& one = *streams_[index];
    report_.offered();
    one.asked = one.moved = now;
    one.answered = false;
    one.begin(text_.next());
    advance(index);
  }

  void advance(std::uint32_t index) {
    auto& one = *streams_[index];
    const auto outcome = one.link.advance(budget(one, load_clock::now()));
    const auto now = load_clock::now();
    if (one.link.has_head() && !one.answered) {
      one.answered = true;
      if (!one.opened)
        one.first = now;
      one.opened = true;
      if (options_.pace == 0)
        report_.completed(now, now - one.asked);
    }
    if (const auto bytes = one.link.take_received(); bytes != 0) {
      report_.received(now, bytes);
      one.moved = now;
      one.taken += bytes;
      if (options_.pace != 0)
        one.rests_until = now + between_reads;
      for (; options_.pace != 0 && (one.pieces + 1) * piece_ <= one.taken; ++one.pieces)
        report_.completed(now, now - piece_due(one, one.pieces));
    }
    if (outcome == connection::outcome::failed)
      lost(one, now, one.link.error());
    else if (outcome == connection::outcome::finished && one.link.status() >= 300)
      lost(one, now, "status " + std::to_string(one.link.status()));
    else if (outcome == connection::outcome::finished && now < end_)
      begin(index, now);
  }

  void lost(stream& one, load_clock::time_point now, const std::string& why) {
    one.link.close();
    report_.failed(now, why);
    one.again = now + retry_after;
  }

  const load_options& options_;
  load_report& report_;
  const server_address server_;
  request_text text_;
  const load_clock::time_point end_;
  const std::uint64_t piece_;
  waiting waiting_;
  std::vector<std::unique_ptr<stream>> streams_;
};

}  // namespace

void run_streams(const load_options& options, load_clock::time_point start, load_report& report) {
  stream_load{options, start, report}.run();
}

}  // namespace sluice::bench
