// SPDX-License-Identifier: Apache-2.0
#include "http/api/bandwidth_view.hpp"

#include <cstdint>
#include <utility>

#include "actors/protocol.hpp"
#include "schemas/bandwidth_patch.hpp"
#include "schemas/json_writing.hpp"

namespace sluice::http {
namespace {

using schemas::json_writer;

/// Where 0 means that there is none, or none is known.
json_writer rate_or_null(std::uint64_t rate) {
  return rate == 0 ? json_writer{} : json_writer(rate);
}

json_writer allowed_or_null(std::uint64_t rate) {
  return rate == actors::unlimited_rate ? json_writer{} : json_writer(rate);
}

/// One entry for each of `items`, in their order.
template <class Items, class Shown>
json_writer list_of(const Items& items, Shown shown) {
  auto list = json_writer::array();
  for (const auto& each : items)
    list.push_back(shown(each));
  return list;
}

json_writer signals_of(const actors::bandwidth_report& report) {
  return list_of(report.signals, [](const auto& each) {
    return json_writer{{"name", each.name},
                       {"value", each.value},
                       {"target", each.target},
                       {"unit", each.unit},
                       {"hurt", each.value > each.target},
                       {"cuts", each.cuts}};
  });
}

json_writer classes_of(const actors::bandwidth_report& report) {
  return list_of(report.classes, [](const auto& each) {
    return json_writer{{"name", each.name},     {"reservation", each.reservation},
                       {"weight", each.weight}, {"limit", rate_or_null(each.limit)},
                       {"rate", each.rate},     {"allowed", allowed_or_null(each.allowed)}};
  });
}

json_writer projects_of(const actors::bandwidth_report& report) {
  return list_of(report.projects, [](const auto& each) {
    return json_writer{{"project_id", each.project_id},
                       {"weight", each.weight},
                       {"max", rate_or_null(each.max)},
                       {"rate", each.rate},
                       {"running", each.running}};
  });
}

json_writer imports_of(const actors::bandwidth_report& report) {
  return list_of(report.imports, [](const auto& each) {
    return json_writer{{"id", each.import_id},
                       {"project_id", each.project_id},
                       {"source_host", each.source_host},
                       {"rate", each.rate},
                       {"allowed", allowed_or_null(each.allowed)},
                       {"limited_by", each.limited_by}};
  });
}

}  // namespace

std::string bandwidth_json(const actors::bandwidth_report& report, const schemas::bandwidth_configuration& configured) {
  json_writer document{
      {"profile", report.profile},
      {"limited_by", report.limited_by},
      {"allowed", allowed_or_null(report.allowed)},
      {"import_rate", report.import_rate},
      {"serve_rate", report.serve_rate},
      {"link", rate_or_null(report.link)},
      {"capacity", rate_or_null(report.capacity)},
      {"in_hand", report.in_hand},
      {"holds", report.holds},
      {"cuts", report.cuts},
  };
  document["signals"] = signals_of(report);
  document["classes"] = classes_of(report);
  document["projects"] = projects_of(report);
  document["imports"] = imports_of(report);
  document["configuration"] = json_writer::parse(schemas::to_json(configured));
  document["rates"] = {{"link", rate_or_null(configured.link)},
                       {"import_max", rate_or_null(configured.import_max)},
                       {"per_project_max", rate_or_null(configured.per_project_max)},
                       {"per_import_max", rate_or_null(configured.per_import_max)},
                       {"per_source_host_max", rate_or_null(configured.per_source_host_max)},
                       {"export_max", rate_or_null(configured.export_max)},
                       {"trickle", configured.trickle}};
  document["self"] = "/v1/bandwidth";
  document["schema"] = "/v2/schemas/bandwidth";
  return schemas::written(document);
}

}  // namespace sluice::http
