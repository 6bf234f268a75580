// SPDX-License-Identifier: Apache-2.0
#include "actors/reverification/reverification.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/mailbox.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;
using namespace std::chrono_literals;

namespace {

constexpr caf::timespan move_deadline = 30s;

}  // namespace

reverification_actor::behavior_type reverification_actor_state::make_behavior(
    reverification_surroundings surroundings) {
  around = std::make_unique<reverification_surroundings>(std::move(surroundings));
  self->set_exit_handler([this](caf::exit_msg& stop) {
    around->examiner.cancel();
    self->quit(stop.reason);
  });
  return {
      [this](verify_atom, const std::string& image_id) { return on_start(image_id); },
      [this](report_atom) { return report_now(); },
      [this](cancel_atom) { return on_cancel(); },
      [this](staged_atom, std::uint64_t of, const image_ids& listed) { on_listed(of, listed); },
      [this](judged_atom, std::uint64_t of, const std::string& image_id, const examination& found) {
        on_examined(of, image_id, found);
      },
      [this](pause_atom) { return on_pause(); },
  };
}

caf::result<reverification_report> reverification_actor_state::on_start(const std::string& image_id) {
  if (pausing)
    return to_error(failure{error_code::service_stopping, "The service is stopping. Try again in a few seconds."});
  if (run != 0)
    return to_error(failure{error_code::conflict,
                            "Images are being looked at again already. Wait for the end, or "
                            "cancel it with DELETE."});
  if (!image_id.empty() && !around->records.has_image(image_id))
    return to_error(failure{error_code::not_found, "No image with this id exists."});
  run = ++runs;
  report = {};
  report.state = reverification_state::running;
  report.image_id = image_id;
  report.started_at = around->clock.now().time_since_epoch().count();
  bytes_before = around->examiner.bytes();
  spdlog::info("reverification started images={}", image_id.empty() ? "all" : image_id);
  if (!image_id.empty()) {
    image_ids one;
    one.ids.push_back(image_id);
    on_listed(run, one);
  } else {
    at_work = true;
    const mailbox box{reverification_actor{self}};
    around->examiner.list([box, of = run](std::vector<std::string> ids) {
      image_ids listed;
      listed.ids = std::move(ids);
      box.send(staged_atom_v, of, std::move(listed));
    });
  }
  return report_now();
}

void reverification_actor_state::on_listed(std::uint64_t of, const image_ids& listed) {
  at_work = false;
  if (of != run)
    return answer_pause_when_idle();
  waiting.assign(listed.ids.begin(), listed.ids.end());
  report.images = waiting.size();
  next();
}

void reverification_actor_state::next() {
  if (waiting.empty())
    return end(reverification_state::finished);
  report.current = std::move(waiting.front());
  waiting.pop_front();
  at_work = true;
  const mailbox box{reverification_actor{self}};
  around->examiner.examine(report.current, [box, of = run, image_id = report.current](const examination& found) {
    box.send(judged_atom_v, of, image_id, found);
  });
}

void reverification_actor_state::on_examined(std::uint64_t of, const std::string& image_id, const examination& found) {
  at_work = false;
  if (of != run)
    return answer_pause_when_idle();
  around->metrics.reverified[static_cast<std::size_t>(found.as)].add();
  switch (found.as) {
    case examined_as::sound: ++report.sound; break;
    case examined_as::damaged: ++report.damaged; break;
    case examined_as::unknown: ++report.unknown; break;
    case examined_as::gone: ++report.gone; break;
  }
  if (found.as == examined_as::damaged || found.as == examined_as::unknown)
    keep(image_id, found);
  next();
}

void reverification_actor_state::keep(const std::string& image_id, const examination& found) {
  if (found.as == examined_as::damaged)
    spdlog::error("stored image damaged image={} reason=\"{}\"", image_id, found.message);
  else
    spdlog::warn("stored image not judged image={} reason=\"{}\"", image_id, found.message);
  if (report.findings.size() < reverification_report::most_findings) {
    auto& kept = report.findings.emplace_back();
    kept.image_id = image_id;
    kept.as = found.as;
    kept.message = found.message;
    kept.found_at = around->clock.now().time_since_epoch().count();
  }
  if (found.as == examined_as::damaged && around->quarantine)
    deactivate(image_id);
}

void reverification_actor_state::deactivate(const std::string& image_id) {
  image_move move;
  move.transition.image_id = image_id;
  move.transition.from = {schemas::image_status::active};
  move.transition.to = schemas::image_status::deactivated;
  self->request(around->images, move_deadline, move_atom_v, std::move(move))
      .then(
          [this, of = run, image_id](const schemas::image&) {
            spdlog::warn("damaged image deactivated image={}", image_id);
            // Also when the run has ended meanwhile, as long as its report is the latest.
            if (of != runs)
              return;
            for (auto& finding : report.findings)
              if (finding.image_id == image_id)
                finding.quarantined = true;
          },
          [image_id](const caf::error& why) {
            spdlog::error("damaged image not deactivated image={} reason=\"{}\"", image_id, to_failure(why).message);
          });
}

void reverification_actor_state::end(reverification_state how) {
  run = 0;
  waiting.clear();
  report.bytes = around->examiner.bytes() - bytes_before;
  report.state = how;
  report.current.clear();
  report.ended_at = around->clock.now().time_since_epoch().count();
  spdlog::info("reverification {} images={} sound={} damaged={} unknown={} gone={}",
               how == reverification_state::finished ? "finished" : "cancelled", report.images, report.sound,
               report.damaged, report.unknown, report.gone);
  answer_pause_when_idle();
}

reverification_report reverification_actor_state::report_now() const {
  auto now = report;
  if (run != 0)
    now.bytes = around->examiner.bytes() - bytes_before;
  return now;
}

caf::result<reverification_report> reverification_actor_state::on_cancel() {
  if (run != 0) {
    around->examiner.cancel();
    end(reverification_state::cancelled);
  }
  return report_now();
}

caf::result<done_atom> reverification_actor_state::on_pause() {
  pausing = true;
  pausers.push_back(self->make_response_promise<done_atom>());
  auto promise = pausers.back();
  if (run != 0) {
    around->examiner.cancel();
    end(reverification_state::cancelled);
  } else {
    answer_pause_when_idle();
  }
  return promise;
}

void reverification_actor_state::answer_pause_when_idle() {
  if (!pausing || at_work)
    return;
  for (auto& promise : std::exchange(pausers, {}))
    promise.deliver(done_atom_v);
}

reverification_actor::behavior_type reverification(
    reverification_actor::stateful_pointer<reverification_actor_state> self, reverification_surroundings around) {
  return self->state.make_behavior(std::move(around));
}

}  // namespace sluice::actors
