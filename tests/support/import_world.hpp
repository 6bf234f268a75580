// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/admission/admission.hpp"
#include "actors/images/image_registry.hpp"
#include "actors/import/import_supervisor.hpp"
#include "actors/lifetime/lifetime.hpp"
#include "actors/records/record_keeper.hpp"
#include "actors/verification/checks/verifier.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/temporary_directory.hpp"

namespace sluice::tests {

/// A runner that moves no bytes: the test says how each run ends.
class scripted_runner : public actors::import_runner {
 public:
  struct run {
    actors::import_job job;
    actors::import_listener listener;
    bool asked_to_stop = false;
  };
  void start(actors::import_job job, actors::import_listener listener) override {
    ++started;
    runs.insert_or_assign(job.record.id, run{job, std::move(listener), false});
  }
  void stop(const std::string& import_id) override {
    if (const auto found = runs.find(import_id); found != runs.end())
      found->second.asked_to_stop = true;
  }
  void checkpoint(const std::string& id, std::uint64_t bytes, std::uint64_t total) {
    actors::import_checkpoint point;
    point.durable_bytes = bytes;
    point.validator = "\"etag\"";
    point.total = total;
    runs.at(id).listener.on_checkpoint(point);
  }
  void end(const std::string& id, actors::import_outcome outcome) {
    const auto listener = runs.at(id).listener;
    runs.erase(id);
    listener.on_end(std::move(outcome));
  }
  std::map<std::string, run> runs;
  int started = 0;
};

/// File work that waits until the test lets it happen.
class manual_files : public actors::blocking_work {
 public:
  void post(std::function<void()> work) override { waiting.push_back(std::move(work)); }
  void run_all() {
    while (!waiting.empty()) {
      const auto work = std::move(waiting.front());
      waiting.pop_front();
      work();
    }
  }
  std::deque<std::function<void()>> waiting;
};

/// A check that looks at nothing: the test says how each of its runs ends. Until it is told to wait, all pass at once.
class scripted_check : public actors::check {
 public:
  explicit scripted_check(std::string called) : called_{std::move(called)} {}
  [[nodiscard]] std::string_view name() const noexcept override { return called_; }
  [[nodiscard]] std::function<void()> start(const actors::judged_image& image,
                                            std::function<void(actors::check_report)> on_end) override {
    ++started;
    const auto id = image.about.import_id;
    if (waits)
      runs.insert_or_assign(id, run{image, std::move(on_end), false});
    else
      on_end(passed());
    return [this, id] {
      if (const auto found = runs.find(id); found != runs.end())
        found->second.asked_to_stop = true;
    };
  }
  void end(const std::string& import_id, actors::check_report report) {
    const auto on_end = runs.at(import_id).on_end;
    runs.erase(import_id);
    on_end(std::move(report));
  }
  [[nodiscard]] static actors::check_report passed(std::uint64_t virtual_size = 0) {
    actors::check_report report;
    report.verdict = schemas::check_verdict::passed;
    report.virtual_size = virtual_size;
    return report;
  }
  [[nodiscard]] static actors::check_report refused(schemas::error_code code, std::string words) {
    actors::check_report report;
    report.verdict = schemas::check_verdict::refused;
    report.why = schemas::failure{code, std::move(words)};
    return report;
  }
  struct run {
    actors::judged_image image;
    std::function<void(actors::check_report)> on_end;
    bool asked_to_stop = false;
  };
  bool waits = false;
  int started = 0;
  std::map<std::string, run> runs;

 private:
  std::string called_;
};

/// A conversion that makes nothing: the test says how each ends. Until it is given a target, images stay as they are.
class scripted_conversion : public actors::image_conversion {
 public:
  struct run {
    actors::conversion_request request;
    std::function<void(actors::conversion_outcome)> on_end;
    bool asked_to_stop = false;
  };
  [[nodiscard]] schemas::result<std::string> target_of(const std::string& format,
                                                       const std::string& asked) const override {
    const auto& wanted = asked.empty() ? target : asked;
    if (wanted == "refuse")
      return schemas::refuse(schemas::error_code::conversion_failed, "It cannot be had.");
    return wanted == format ? std::string{} : wanted;
  }
  void start(actors::conversion_request request, std::shared_ptr<actors::import_progress>,
             std::function<void(actors::conversion_outcome)> on_end) override {
    ++started;
    const auto id = request.import_id;
    runs.insert_or_assign(id, run{std::move(request), std::move(on_end), false});
  }
  void cancel(const std::string& import_id) override {
    if (const auto found = runs.find(import_id); found != runs.end())
      found->second.asked_to_stop = true;
  }
  void end(const std::string& import_id, actors::conversion_outcome outcome) {
    const auto on_end = runs.at(import_id).on_end;
    runs.erase(import_id);
    on_end(std::move(outcome));
  }
  std::string target;
  int started = 0;
  std::map<std::string, run> runs;
};

class manual_clock : public actors::wall_clock {
 public:
  [[nodiscard]] schemas::time_point now() const override { return time; }
  schemas::time_point time{std::chrono::sys_days{std::chrono::year{2013} / 5 / 19}};
};

/// Real stores in a temporary directory, scripted bytes, virtual time.
class import_world {
 public:
  temporary_directory directory;
  std::unique_ptr<persistence::record_store> records = open_records();
  std::unique_ptr<persistence::blob_store> blobs = open_blobs();
  scripted_runner runner;
  manual_files files;
  actors::progress_board progress;
  manual_clock clock;
  schemas::imports_configuration limits;
  actors::service_metrics metrics;
  scripted_check structure{"structure"};
  scripted_check scanner{"scanner"};
  scripted_conversion conversion;
  unsigned judged_at_once = 2;
  deterministic_system actors_;

  actors::record_keeper_actor keeper;
  actors::admission_actor admission;
  actors::verifier_actor verifier;
  actors::import_supervisor_actor supervisor;
  actors::image_registry_actor images;
  actors::lifetime_actor lifetimes;
  actors::upload_board uploads;

  explicit import_world(schemas::imports_configuration configured = {}) : limits{configured} { start(); }

  void start() {
    actors::admission_limits slots;
    slots.max_running = limits.max_running;
    slots.max_running_per_project = limits.max_running_per_project;
    slots.max_waiting_per_project = limits.max_waiting_per_project;
    const actors::commit_observer counted = [this](std::chrono::nanoseconds took, std::size_t changes,
                                                   std::size_t refused) { metrics.committed(took, changes, refused); };
    keeper = actors_.spawn(actors::record_keeper, records.get(), counted);
    admission = actors_.spawn(actors::admission, slots, &metrics);
    verifier = actors_.spawn(
        actors::verifier, actors::verification_surroundings{*blobs, {&structure, &scanner}, judged_at_once, metrics});
    images = actors_.spawn(actors::image_registry, keeper, records.get(), &clock);
    supervisor = actors_.spawn(actors::import_supervisor, keeper, admission, surroundings());
    lifetimes = actors_.spawn(actors::lifetime, keeper, images, supervisor, surroundings());
  }

  [[nodiscard]] actors::import_surroundings surroundings() {
    return {*records, *blobs, runner, files, progress, clock, limits, metrics, verifier, images, &uploads, &conversion};
  }

  /// Delivers messages and lets file work happen until nothing is left to do.
  void settle() {
    do {
      actors_.deliver_messages();
      files.run_all();
    } while (actors_.deliver_messages() > 0 || !files.waiting.empty());
  }

  [[nodiscard]] static schemas::image_import draft(std::string project = "a") {
    schemas::image_import subject;
    subject.project_id = std::move(project);
    subject.request.location = "http://example.org/disk.qcow2?signature=secret";
    subject.request.properties.name = "disk";
    return subject;
  }
  [[nodiscard]] schemas::image_import accept(std::string project = "a") {
    const auto made = actors_.ask<schemas::image_import>(supervisor, actors::create_atom_v, draft(std::move(project)));
    REQUIRE(made.has_value());
    settle();
    return *made;
  }
  [[nodiscard]] schemas::image_import record(const std::string& id) {
    const auto found = records->find_import(id);
    REQUIRE(found.has_value());
    return *found;
  }
  /// Puts bytes into the staging area, as the pipeline would have.
  void stage(const std::string& id, std::string_view content = "the bytes of an image") {
    auto file = blobs->create_staged(id);
    REQUIRE(file.has_value());
    alignas(persistence::write_alignment) static std::byte block[persistence::write_alignment];
    std::memcpy(block, content.data(), content.size());
    REQUIRE(file->write_at(0, std::span<const std::byte>{block, content.size()}).has_value());
    REQUIRE(file->sync(content.size()).has_value());
  }
  [[nodiscard]] static actors::import_outcome staged_outcome(std::uint64_t size = 21) {
    actors::import_outcome outcome;
    outcome.facts.emplace();
    outcome.facts->size = size;
    outcome.facts->virtual_size = 1 << 20;
    outcome.facts->disk_format = "qcow2";
    outcome.facts->os_hash_algo = "sha512";
    outcome.facts->os_hash_value = std::string(128, 'a');
    return outcome;
  }
  [[nodiscard]] static actors::import_outcome failed_outcome(schemas::error_code code, std::string words) {
    actors::import_outcome outcome;
    outcome.why = schemas::failure{code, std::move(words)};
    return outcome;
  }
  /// The owner, of project "a", ends it. The answer comes to who asked.
  auto cancel(const std::string& id) {
    return actors_.self->request(supervisor, caf::timespan{std::chrono::hours{1}}, actors::cancel_atom_v, who("a"), id);
  }
  [[nodiscard]] static schemas::identity who(std::string project) {
    schemas::identity caller;
    caller.project_id = std::move(project);
    return caller;
  }

 private:
  std::unique_ptr<persistence::record_store> open_records() {
    auto opened = persistence::record_store::open(directory.path());
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }
  std::unique_ptr<persistence::blob_store> open_blobs() {
    auto opened = persistence::blob_store::open(directory.path(), 0);
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }
};

}  // namespace sluice::tests
