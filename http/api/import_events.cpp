// SPDX-License-Identifier: Apache-2.0
#include "http/api/import_events.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/api/faults.hpp"
#include "http/api/image_imports.hpp"
#include "http/api/import_view.hpp"
#include "http/api/import_watch.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

/// One of the streams that may be open at a time.
class stream_place {
 public:
  explicit stream_place(api_state& state) : state_{state} {}
  ~stream_place() { state_.event_streams.fetch_sub(1); }
  stream_place(const stream_place&) = delete;
  stream_place& operator=(const stream_place&) = delete;

  [[nodiscard]] static std::shared_ptr<stream_place> take(api_state& state) {
    if (state.event_streams.fetch_add(1) < state.limits.event_streams)
      return std::make_shared<stream_place>(state);
    state.event_streams.fetch_sub(1);
    return nullptr;
  }

 private:
  api_state& state_;
};

std::string event_text(std::uint64_t id, std::string_view name, std::string_view data) {
  std::string text = "id: " + std::to_string(id) + "\nevent: ";
  text.append(name).append("\ndata: ").append(data).append("\n\n");
  return text;
}

/// All that the stream needs after its request is gone.
struct watched_import {
  watched_import(api_state& s, event_loop& l, schemas::identity i, schemas::image_import r)
      : state{s}, loop{l}, who{std::move(i)}, record{std::move(r)} {}
  api_state& state;
  event_loop& loop;
  schemas::identity who;
  schemas::image_import record;
};

asio::awaitable<void> send_events(std::shared_ptr<watched_import> watched, event_sink& sink) {
  using clock = waiter::clock;
  const auto& limits = watched->state.limits;
  const auto& board = watched->state.parts.progress;
  waiter waiting{watched->loop};
  import_watch watch{watched->state.parts, watched->record.id, waiting};
  auto& record = watched->record;
  auto shown = view_progress(record, board, 0);
  std::uint64_t id = 1;
  auto text = event_text(id, "status", schemas::to_json(record, shown));
  for (;;) {
    if (!text.empty() && !co_await sink.send(std::move(text)))
      co_return;
    if (schemas::is_final(record.status) || waiting.stopping())
      co_return;
    const auto sent_at = clock::now();
    text.clear();
    while (text.empty()) {
      watch.arm();
      const auto next_look = std::min(clock::now() + limits.progress_interval, sent_at + limits.keep_alive_interval);
      co_await waiting.wait_until(next_look);
      if (waiting.stopping())
        co_return;
      auto now = visible_import(watched->state, watched->who, record.id);
      if (!now)
        co_return;  // removed by its owner
      auto view = view_progress(*now, board, 0);
      if (now->status != record.status)
        text = event_text(++id, "status", schemas::to_json(*now, view));
      else if (clock::now() - sent_at >= limits.progress_interval && view && shown &&
               (view->bytes != shown->bytes || view->phase != shown->phase))
        text = event_text(++id, "progress", schemas::to_json(*now, view));
      else if (clock::now() - sent_at >= limits.keep_alive_interval)
        text = ": keep-alive\n\n";
      if (!text.empty()) {
        shown = std::move(view);
        record = std::move(*now);
      }
    }
  }
}

}  // namespace

response stream_import(exchange& at, const schemas::image_import& record) {
  auto place = stream_place::take(at.state);
  if (!place)
    return fault(schemas::failure{schemas::error_code::overloaded,
                                  "Too many event streams are open. Poll with GET, or try again in a moment."},
                 at.asked);
  response given;
  given.content_type = "text/event-stream";
  given.fields.emplace_back("Cache-Control", "no-store");
  auto watched = std::make_shared<watched_import>(at.state, at.loop, at.who, record);
  given.events = [place = std::move(place), watched = std::move(watched)](event_sink& sink) {
    return send_events(watched, sink);
  };
  return given;
}

}  // namespace sluice::http
