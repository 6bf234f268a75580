// SPDX-License-Identifier: Apache-2.0
#include "http/api/reverification_view.hpp"

#include <chrono>
#include <string_view>

#include "schemas/json.hpp"
#include "schemas/json_writing.hpp"
#include "schemas/text.hpp"

namespace sluice::http {
namespace {

using actors::reverification_report;
using schemas::json_writer;

std::string_view to_word(actors::reverification_state state) noexcept {
  switch (state) {
    case actors::reverification_state::idle: return "idle";
    case actors::reverification_state::running: return "running";
    case actors::reverification_state::finished: return "finished";
    case actors::reverification_state::cancelled: return "cancelled";
  }
  return "idle";
}

std::string shown_time(std::int64_t microseconds) {
  return schemas::glance_time(schemas::time_point{std::chrono::microseconds{microseconds}});
}

}  // namespace

std::string reverification_json(const reverification_report& report) {
  json_writer document{{"state", to_word(report.state)}};
  if (!report.image_id.empty())
    document["image"] = report.image_id;
  if (report.started_at != 0)
    document["started_at"] = shown_time(report.started_at);
  if (report.ended_at != 0)
    document["ended_at"] = shown_time(report.ended_at);
  if (report.state != actors::reverification_state::idle)
    document["progress"] = {{"images", report.images},
                            {"examined", report.sound + report.damaged + report.unknown + report.gone},
                            {"bytes", report.bytes}};
  if (!report.current.empty())
    document["current"] = report.current;
  document["found"] = {
      {"sound", report.sound}, {"damaged", report.damaged}, {"unknown", report.unknown}, {"gone", report.gone}};
  document["findings"] = json_writer::array();
  for (const auto& finding : report.findings)
    document["findings"].push_back({{"image", finding.image_id},
                                    {"outcome", finding.as == actors::examined_as::damaged ? "damaged" : "unknown"},
                                    {"message", schemas::one_line(finding.message)},
                                    {"found_at", shown_time(finding.found_at)},
                                    {"deactivated", finding.quarantined}});
  return schemas::written(document);
}

}  // namespace sluice::http
