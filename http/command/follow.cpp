// SPDX-License-Identifier: Apache-2.0
#include "http/command/follow.hpp"

#include <chrono>

#include "http/command/wording.hpp"

namespace sluice::command {
namespace {

constexpr auto bar_interval = std::chrono::milliseconds{150};
constexpr auto patience_with_silence = std::chrono::seconds{60};
constexpr auto silence_interval = std::chrono::seconds{1};

progress_view view_of(const import_record& record) {
  progress_view shown;
  shown.title = record.title();
  shown.state = record.status;
  shown.bytes = record.bytes;
  shown.total = record.total;
  if (record.status == "waiting") {
    if (record.queue_position && *record.queue_position > 0)
      shown.state += ", " + human_queue_position(*record.queue_position);
    return shown;
  }
  shown.moving = record.status == "uploading";
  if (record.phase == "resuming" || record.phase == "publishing" || record.phase == "converting")
    shown.state = record.phase;
  if (shown.moving) {
    shown.rate = record.rate;
    shown.eta = record.eta;
    if (!record.limited_by.empty() && record.limited_by != "queue" && record.limited_by != "unknown")
      shown.state += ", limited by " + record.limited_by;
  }
  return shown;
}

}  // namespace

attempt<import_record> follow(service_client& service, const std::string& id, progress_display& display) {
  const auto path = "/v2/image-imports/" + id;
  // A bar is asked for often; lines and scripts let the service say when something changes.
  const bool often = display.how() == progress_display::manner::bar;
  const std::string wait = display.how() == progress_display::manner::lines ? "wait=5" : "wait=30";
  service_client::headers held;
  if (!often)
    held.emplace_back("Prefer", wait);

  std::chrono::steady_clock::time_point silent_since{};
  for (bool first = true;; first = false) {
    const service_client::headers at_once;
    const auto asked = std::chrono::steady_clock::now();
    auto record = accepted(service.request("GET", path, {}, first ? at_once : held)).and_then(read_import);
    if (!record) {
      const auto now = std::chrono::steady_clock::now();
      if (record.error().status != outcome::unreachable || first)
        return record;
      if (silent_since == std::chrono::steady_clock::time_point{})
        silent_since = now;
      if (now - silent_since > patience_with_silence) {
        record.error().message += "\nThe import goes on when the service does. See it with: sluice watch " + id;
        return record;
      }
      progress_view waiting;
      waiting.title = id;
      waiting.state = "the service does not answer, asking again";
      display.show(waiting);
      if (const auto paused = service.pause(silence_interval); !paused)
        return tl::unexpected{paused.error()};
      continue;
    }
    silent_since = {};
    if (record->over()) {
      display.clear();
      return record;
    }
    display.show(view_of(*record));
    // A service that does not know `Prefer: wait` answers at once: never ask it more often than a bar would.
    if (often || std::chrono::steady_clock::now() - asked < bar_interval)
      if (const auto paused = service.pause(bar_interval); !paused)
        return tl::unexpected{paused.error()};
  }
}

}  // namespace sluice::command
