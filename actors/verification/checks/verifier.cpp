// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/checks/verifier.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/mailbox.hpp"

namespace sluice::actors {

using schemas::check_verdict;
using schemas::error_code;
using schemas::failure;

namespace {

failure cancelled_verification() {
  return {error_code::cancelled, "The verification was cancelled."};
}

}  // namespace

verifier_actor::behavior_type verifier_state::make_behavior(verification_surroundings surroundings) {
  around = std::make_unique<verification_surroundings>(std::move(surroundings));
  self->set_exit_handler([this](caf::exit_msg& stop) {
    for (auto& [id, one] : known)
      if (one.stop)
        one.stop();
    for (auto& [id, one] : known)
      one.promise.deliver(to_error(failure{error_code::service_stopping, "The service is stopping. Try again."}));
    known.clear();
    self->quit(stop.reason);
  });
  return {
      [this](verify_atom, const verification_request& request) { return on_verify(request); },
      [this](cancel_atom, const std::string& import_id) { on_cancel(import_id); },
      [this](judged_atom, const std::string& import_id, std::uint64_t round, const check_report& report) {
        on_judged(import_id, round, report);
      },
      [this](pause_atom) { return on_pause(); },
  };
}

caf::result<verification_report> verifier_state::on_verify(const verification_request& request) {
  auto promise = self->make_response_promise<verification_report>();
  if (pausing) {
    promise.deliver(to_error(failure{error_code::service_stopping, "The service is stopping. Try again."}));
    return promise;
  }
  // An import that died and was started again asks anew; nobody hears the old answer.
  on_cancel(request.import_id);
  if (known.contains(request.import_id))
    finish(request.import_id, cancelled_verification());
  verification fresh;
  fresh.request = request;
  fresh.promise = promise;
  known.emplace(request.import_id, std::move(fresh));
  waiting.push_back(request.import_id);
  begin_next();
  return promise;
}

void verifier_state::begin_next() {
  if (std::exchange(beginning, true))
    return;  // what has just ended within the loop makes room for the next turn of it
  while (running < std::max(around->most_running, 1U) && !waiting.empty()) {
    const auto import_id = std::move(waiting.front());
    waiting.pop_front();
    auto& one = known.at(import_id);
    // What was made by conversion is staged under the image's own name.
    const auto& staged = one.request.converted ? one.request.image_id : import_id;
    auto file = around->blobs.open_for_judging(staged, one.request.image_id);
    one.round = ++rounds;
    ++running;
    if (!file) {
      finish(import_id, std::move(file.error()));
      continue;
    }
    one.file = std::make_shared<const persistence::unique_fd>(std::move(*file));
    start_check(import_id);
  }
  beginning = false;
}

void verifier_state::start_check(const std::string& import_id) {
  auto& one = known.at(import_id);
  while (one.next_check < around->checks.size() && !around->checks[one.next_check]->concerns(one.request))
    ++one.next_check;
  if (one.next_check == around->checks.size())
    return finish(import_id, failure{error_code::none, ""});
  one.round = ++rounds;
  one.check_began = std::chrono::steady_clock::now();
  judged_image image;
  image.about = one.request;
  image.file = one.file;
  const mailbox box{verifier_actor{self}};
  one.stop =
      around->checks[one.next_check]->start(image, [box, import_id, round = one.round](const check_report& report) {
        box.send(judged_atom_v, import_id, round, report);
      });
}

void verifier_state::on_judged(const std::string& import_id, std::uint64_t round, const check_report& report) {
  const auto found = known.find(import_id);
  if (found == known.end() || found->second.round != round)
    return;  // of a verification that is over
  auto& one = found->second;
  one.stop = nullptr;
  if (one.cancelled)
    return finish(import_id, cancelled_verification());
  const auto& judge = *around->checks[one.next_check];
  const auto took = std::chrono::steady_clock::now() - one.check_began;
  schemas::check_result result;
  result.name = judge.name();
  result.verdict = report.verdict;
  result.took = std::chrono::duration_cast<std::chrono::microseconds>(took);
  result.remarks = report.remarks;
  if (report.verdict != check_verdict::passed)
    result.message = report.why.message;
  around->metrics.checked(one.next_check, report.verdict, took);
  spdlog::info("checked task={} image={} check={} verdict={} took_us={} code={}", import_id, one.request.image_id,
               result.name, to_string(report.verdict), result.took.count(),
               to_string(report.verdict == check_verdict::passed ? error_code::none : report.why.code));
  one.report.checks.push_back(std::move(result));
  if (report.verdict != check_verdict::passed && !report.tolerated)
    return finish(import_id, report.why);
  if (report.virtual_size != 0)
    one.request.virtual_size = one.report.virtual_size = report.virtual_size;
  if (report.allocated != 0)
    one.report.allocated = report.allocated;
  ++one.next_check;
  start_check(import_id);
}

void verifier_state::on_cancel(const std::string& import_id) {
  const auto found = known.find(import_id);
  if (found == known.end())
    return;
  auto& one = found->second;
  one.cancelled = true;
  if (one.stop)
    one.stop();  // its end comes by mail
  else if (one.round == 0)
    finish(import_id, cancelled_verification());
}

void verifier_state::finish(const std::string& import_id, failure why) {
  const auto found = known.find(import_id);
  auto one = std::move(found->second);
  known.erase(found);
  if (one.round == 0)
    std::erase(waiting, import_id);
  else
    --running;
  one.report.why = std::move(why);
  one.promise.deliver(std::move(one.report));
  begin_next();
  answer_pause_when_idle();
}

caf::result<done_atom> verifier_state::on_pause() {
  pausing = true;
  pausers.push_back(self->make_response_promise<done_atom>());
  auto promise = pausers.back();
  std::vector<std::string> ids;
  for (const auto& [id, one] : known)
    ids.push_back(id);
  for (const auto& id : ids)
    on_cancel(id);
  answer_pause_when_idle();
  return promise;
}

void verifier_state::answer_pause_when_idle() {
  if (!pausing || !known.empty())
    return;
  for (auto& promise : std::exchange(pausers, {}))
    promise.deliver(done_atom_v);
}

verifier_actor::behavior_type verifier(verifier_actor::stateful_pointer<verifier_state> self,
                                       verification_surroundings around) {
  return self->state.make_behavior(std::move(around));
}

}  // namespace sluice::actors
