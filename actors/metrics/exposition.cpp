// SPDX-License-Identifier: Apache-2.0
#include "actors/metrics/exposition.hpp"

#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "actors/bandwidth/allocation.hpp"
#include "actors/metrics/process_facts.hpp"

namespace sluice::actors {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

class collection {
 public:
  /// Starts a family; what follows is added to it.
  void begin(MetricType type, std::string name, std::string help) {
    MetricFamily fresh;
    fresh.name = std::move(name);
    fresh.help = std::move(help);
    fresh.type = type;
    families_.push_back(std::move(fresh));
  }
  void value(double number, labels with = {}) {
    ClientMetric metric;
    metric.label = std::move(with);
    if (families_.back().type == MetricType::Counter)
      metric.counter.value = number;
    else
      metric.gauge.value = number;
    families_.back().metric.push_back(std::move(metric));
  }
  void value(std::uint64_t number, labels with = {}) { value(static_cast<double>(number), std::move(with)); }
  template <const auto& Bounds>
  void distribution(const histogram<Bounds>& observed, labels with = {}) {
    ClientMetric metric;
    metric.label = std::move(with);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < observed.buckets; ++i) {
      sum += observed.count(i);
      const auto bound = i < observed.bounds().size() ? observed.bounds()[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({sum, bound});
    }
    metric.histogram.sample_count = sum;
    metric.histogram.sample_sum = observed.sum();
    families_.back().metric.push_back(std::move(metric));
  }
  void single(MetricType type, std::string name, std::string help, double number) {
    begin(type, std::move(name), std::move(help));
    value(number);
  }
  void single(MetricType type, std::string name, std::string help, std::uint64_t number) {
    single(type, std::move(name), std::move(help), static_cast<double>(number));
  }
  [[nodiscard]] std::string text() const { return prometheus::TextSerializer{}.Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

constexpr auto counts = MetricType::Counter;
constexpr auto shows = MetricType::Gauge;
constexpr auto spreads = MetricType::Histogram;

constexpr std::array request_words{"file", "metadata", "import", "held", "other"};
static_assert(request_words.size() == request_classes);
constexpr std::array end_words{"done", "failed", "cancelled"};
static_assert(end_words.size() == phase_ends);

constexpr std::array reverified_words{"sound", "damaged", "unknown", "gone"};

/// "Nothing limits it" as Prometheus writes it.
double rate_or_infinity(std::uint64_t rate) {
  return rate == unlimited_rate ? std::numeric_limits<double>::infinity() : static_cast<double>(rate);
}

void add_imports(collection& all, const service_metrics& counted) {
  all.single(counts, "sluice_imports_accepted_total", "Imports answered 201.", counted.imports_accepted.value());
  all.begin(counts, "sluice_imports_ended_total", "Imports that came to their end, by error code (none: success).");
  all.value(counted.imports_ended[0].value(), {{"outcome", "success"}, {"code", "none"}});
  for (const auto& row : schemas::error_descriptions()) {
    const auto ended = counted.imports_ended[static_cast<std::size_t>(row.code)].value();
    const auto* const outcome = row.code == schemas::error_code::cancelled ? "cancelled" : "failure";
    if (row.http_status == 0 || ended > 0)  // the codes that only end imports are there from the start, at 0
      all.value(ended, {{"outcome", outcome}, {"code", std::string{row.name}}});
  }
  all.begin(spreads, "sluice_import_phase_seconds", "Time imports spent in a phase, by how they left it.");
  for (std::size_t status = 0; status < live_statuses; ++status)
    for (std::size_t how = 0; how < phase_ends; ++how)
      all.distribution(counted.phases[status][how],
                       {{"phase", std::string{schemas::to_string(static_cast<schemas::image_import_status>(status))}},
                        {"outcome", end_words[how]}});
  all.single(counts, "sluice_imported_bytes_total", "Bytes of imports made durable.", counted.imported_bytes.value());
  all.begin(shows, "sluice_imports", "Imports that wait for a slot or have one.");
  all.value(counted.imports_waiting.value(), {{"state", "waiting"}});
  all.value(counted.imports_running.value(), {{"state", "running"}});
}

void add_verification(collection& all, const service_metrics& counted, const exposed_facts& facts) {
  all.begin(spreads, "sluice_check_seconds", "Time one check of an image took, by its verdict.");
  for (std::size_t check = 0; check < facts.checks.size() && check < most_checks; ++check)
    for (std::size_t verdict = 0; verdict < check_verdicts; ++verdict)
      all.distribution(counted.checks[check][verdict],
                       {{"check", facts.checks[check]},
                        {"verdict", std::string{to_string(static_cast<schemas::check_verdict>(verdict))}}});
  all.begin(counts, "sluice_reverified_images_total", "Stored images that were looked at again, by what they were.");
  for (std::size_t as = 0; as < reverified_words.size(); ++as)
    all.value(counted.reverified[as].value(), {{"outcome", reverified_words[as]}});
  all.single(counts, "sluice_reverified_bytes_total", "Bytes of stored images that were read back.",
             counted.reverified_bytes.value());
  all.single(counts, "sluice_sandbox_keeper_starts_total", "Starts of the sandbox's keeper; each beyond 1 was a death.",
             facts.sandbox_keeper_starts);
}

void add_records(collection& all, const service_metrics& counted) {
  all.begin(spreads, "sluice_record_commit_seconds", "One durable commit of records.");
  all.distribution(counted.commits);
  all.begin(spreads, "sluice_record_commit_changes", "Changes that one commit made durable.");
  all.distribution(counted.commit_batches);
  all.single(counts, "sluice_record_changes_refused_total", "Changes that the record store did not take.",
             counted.commits_refused.value());
}

void add_requests(collection& all, const service_metrics& counted, const serving_signals& serving) {
  all.begin(counts, "sluice_http_requests_total", "Requests of the API by class and hundreds of the status.");
  for (std::size_t what = 0; what < request_classes; ++what)
    for (std::size_t status = 1; status < counted.statuses[what].size(); ++status)
      all.value(counted.statuses[what][status].value(),
                {{"class", request_words[what]}, {"status", std::to_string(status) + "xx"}});
  all.begin(spreads, "sluice_http_answer_seconds", "From the whole request to the answer's first byte, by class.");
  for (std::size_t what = 0; what < request_classes; ++what)
    all.distribution(counted.answers[what], {{"class", request_words[what]}});
  constexpr auto relaxed = std::memory_order_relaxed;
  all.single(counts, "sluice_image_bytes_served_total", "Bytes of images sent.", serving.bytes.load(relaxed));
  all.single(shows, "sluice_serving_requests_in_hand", "Requests the service is working on at this moment.",
             std::uint64_t{serving.pressure.in_hand.load(relaxed)});
  all.single(shows, "sluice_serving_file_answers",
             "Image reads in progress, those that wait for their client included.",
             std::uint64_t{serving.pressure.file_answers.load(relaxed)});
  all.single(shows, "sluice_serving_starved_answers", "Image reads whose client would take more than it gets.",
             std::uint64_t{serving.pressure.starved.load(relaxed)});
}

void add_bandwidth(collection& all, const bandwidth_report& report) {
  all.begin(shows, "sluice_bandwidth_class_rate_bytes_per_second", "Measured rate of a class of traffic.");
  for (const auto& each : report.classes)
    all.value(each.rate, {{"class", each.name}});
  all.begin(shows, "sluice_bandwidth_class_allowed_bytes_per_second", "What a class may take now; +Inf: all there is.");
  for (const auto& each : report.classes)
    all.value(rate_or_infinity(each.allowed), {{"class", each.name}});
  all.single(shows, "sluice_bandwidth_import_allowed_bytes_per_second", "What all imports together may take now.",
             rate_or_infinity(report.allowed));
  all.single(shows, "sluice_bandwidth_import_rate_bytes_per_second", "What all imports together take.",
             report.import_rate);
  all.single(shows, "sluice_bandwidth_serve_rate_bytes_per_second", "Image bytes sent a second.", report.serve_rate);
  all.single(shows, "sluice_bandwidth_link_bytes_per_second", "Configured capacity; 0: it is learnt.", report.link);
  all.single(shows, "sluice_bandwidth_capacity_bytes_per_second", "What imports have been seen to reach lately.",
             report.capacity);
  all.single(counts, "sluice_bandwidth_holds_total", "Times imports were held for serving.", report.holds);
  all.begin(counts, "sluice_bandwidth_cuts_total", "Times the rate of imports was lowered, by the signal that asked.");
  for (const auto& each : report.signals)
    all.value(each.cuts, {{"signal", each.name}});
  all.begin(shows, "sluice_bandwidth_limited", "1 for what limits imports as a whole now.");
  for (const auto* const why : {"import_max", "link", "serving"})
    all.value(std::uint64_t{report.limited_by == why}, {{"by", why}});
  all.begin(shows, "sluice_bandwidth_profile", "1 for the profile in force.");
  for (const auto* const profile : {"serve-first", "balanced", "import-first", "custom"})
    all.value(std::uint64_t{report.profile == profile}, {{"profile", profile}});
  all.begin(shows, "sluice_serving_signal", "What serving feels, in the signal's own unit.");
  for (const auto& each : report.signals)
    all.value(each.value, {{"signal", each.name}, {"unit", each.unit}});
  all.begin(shows, "sluice_serving_signal_target", "Above this value serving is hurt and imports give way.");
  for (const auto& each : report.signals)
    all.value(each.target, {{"signal", each.name}, {"unit", each.unit}});
}

void add_machine(collection& all, const exposed_facts& facts) {
  all.single(shows, "sluice_blocks", "Memory blocks of 256 KiB that imports share.", facts.blocks);
  all.single(shows, "sluice_blocks_free", "Memory blocks that no import holds.", facts.blocks_free);
  all.single(counts, "sluice_gate_waits_total", "Blocks of import work that waited because serving had one in hand.",
             facts.gate_waits);
  all.single(shows, "sluice_store_free_bytes", "Disk space not yet used, promised or held back.", facts.store_free);
  const auto process = look_at_process();
  all.single(counts, "process_cpu_seconds_total", "User and system time.", process.cpu_seconds);
  all.single(shows, "process_resident_memory_bytes", "Resident memory.", process.resident_bytes);
  all.single(shows, "process_open_fds", "Open file descriptors.", process.open_files);
  all.single(shows, "process_max_fds", "File descriptors it may have open.", process.most_files);
  all.single(shows, "process_start_time_seconds", "When the process began, since 1970.", process.started_at);
}

}  // namespace

std::string exposition(const service_metrics& counted, const serving_signals& serving, const exposed_facts& facts) {
  collection all;
  add_imports(all, counted);
  add_verification(all, counted, facts);
  add_records(all, counted);
  add_requests(all, counted, serving);
  if (facts.bandwidth)
    add_bandwidth(all, *facts.bandwidth);
  add_machine(all, facts);
  return all.text();
}

}  // namespace sluice::actors
