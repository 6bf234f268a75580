// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "actors/bandwidth/allocation.hpp"
#include "actors/bandwidth/bandwidth_policy.hpp"
#include "actors/bandwidth/bandwidth_report.hpp"
#include "actors/pipeline/import_job.hpp"
#include "actors/reverification/reverification_report.hpp"
#include "actors/verification/checks/verification.hpp"
#include "schemas/configuration.hpp"
#include "schemas/image.hpp"
#include "schemas/image_change.hpp"
#include "schemas/image_import.hpp"
#include "schemas/json.hpp"
#include "schemas/metadef.hpp"

/// What travels between actors: the payloads, how they are written, and their names on the wire.
namespace sluice::actors {

/// One atomic change of the records; see persistence::change_set.
struct record_changes {
  std::vector<schemas::image_import> put_imports;
  std::vector<std::string> erase_imports;
  std::vector<schemas::image> put_images;
  std::vector<std::string> erase_images;
  std::vector<schemas::image_member> put_members;
  std::vector<schemas::member_key> erase_members;
  std::vector<schemas::metadef_replacement> put_metadefs;
  std::vector<schemas::metadef_erasure> erase_metadefs;
  std::uint64_t project_quota = 0;  ///< bytes that the images of a project may take once these are put; 0 = no bound
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, record_changes& x) {
  return f(caf::meta::type_name("record_changes"), x.put_imports, x.erase_imports, x.put_images, x.erase_images,
           x.put_members, x.erase_members, x.put_metadefs, x.erase_metadefs, x.project_quota);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, import_checkpoint& x) {
  std::uint64_t total = x.total.value_or(0);
  return f(caf::meta::type_name("import_checkpoint"), x.durable_bytes, x.validator, total,
           caf::meta::load_callback([&]() -> caf::error {
             x.total = total == 0 ? std::nullopt : std::optional{total};
             return caf::none;
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, project_share& x) {
  return f(caf::meta::type_name("project_share"), x.project_id, x.weight, x.max);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, bandwidth_limits& x) {
  return f(caf::meta::type_name("bandwidth_limits"), x.import_max, x.per_project_max, x.per_import_max,
           x.per_source_host_max, x.projects);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, profile_hours& x) {
  return f(caf::meta::type_name("profile_hours"), x.from_minute, x.to_minute, x.profile);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, bandwidth_policy& x) {
  return f(caf::meta::type_name("bandwidth_policy"), x.profile, x.limits, x.link, x.trickle, x.serve_target_ns,
           x.starved_percent, x.in_flight_ns, x.gate_block, x.schedule);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, signal_report& x) {
  return f(caf::meta::type_name("signal_report"), x.name, x.value, x.target, x.unit, x.cuts);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, class_report& x) {
  return f(caf::meta::type_name("class_report"), x.name, x.reservation, x.weight, x.limit, x.rate, x.allowed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, project_report& x) {
  return f(caf::meta::type_name("project_report"), x.project_id, x.weight, x.max, x.rate, x.running);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, running_import_report& x) {
  return f(caf::meta::type_name("running_import_report"), x.import_id, x.project_id, x.source_host, x.rate, x.allowed,
           x.limited_by);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, bandwidth_report& x) {
  return f(caf::meta::type_name("bandwidth_report"), x.profile, x.configured, x.link, x.capacity, x.allowed,
           x.import_rate, x.serve_rate, x.in_hand, x.holds, x.cuts, x.limited_by, x.signals, x.classes, x.projects,
           x.imports);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, verification_request& x) {
  return f(caf::meta::type_name("verification_request"), x.import_id, x.image_id, x.project_id, x.disk_format, x.size,
           x.virtual_size, x.max_virtual_size, x.converted);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, check_report& x) {
  return f(caf::meta::type_name("check_report"), x.verdict, x.why, x.remarks, x.virtual_size, x.allocated, x.tolerated);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, verification_report& x) {
  return f(caf::meta::type_name("verification_report"), x.why, x.virtual_size, x.allocated, x.checks);
}

/// A move of an image and what else becomes durable with it, or not at all.
struct image_move {
  schemas::image_transition transition;
  std::vector<schemas::image_import> put_imports;
  std::uint64_t project_quota = 0;  ///< as in record_changes
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_move& x) {
  return f(caf::meta::type_name("image_move"), x.transition, x.put_imports, x.project_quota);
}

/// A PATCH, read.
struct image_patch {
  schemas::image_changes changes;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_patch& x) {
  return f(caf::meta::type_name("image_patch"), x.changes);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, examination& x) {
  return f(caf::meta::type_name("examination"), x.as, x.message);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_ids& x) {
  return f(caf::meta::type_name("image_ids"), x.ids);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, reverification_finding& x) {
  return f(caf::meta::type_name("reverification_finding"), x.image_id, x.as, x.message, x.found_at, x.quarantined);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, reverification_report& x) {
  return f(caf::meta::type_name("reverification_report"), x.state, x.image_id, x.started_at, x.ended_at, x.images,
           x.sound, x.damaged, x.unknown, x.gone, x.bytes, x.current, x.findings);
}

[[nodiscard]] caf::error to_error(const schemas::failure& why);
/// A failure of ours as it was; CAF's own errors (time-out, receiver down) become `overloaded` or `internal_error`.
[[nodiscard]] schemas::failure to_failure(const caf::error& error);
/// What the actor system's configuration needs to know: message types and the error category.
void register_messages(caf::actor_system_config& configuration);

}  // namespace sluice::actors

namespace sluice::schemas {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, failure& x) {
  return f(caf::meta::type_name("failure"), x.code, x.message, x.field);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, check_result& x) {
  return f(caf::meta::type_name("check_result"), x.name, x.verdict, x.took, x.message, x.remarks);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, source_facts& x) {
  return f(caf::meta::type_name("source_facts"), x.disk_format, x.size, x.md5, x.os_hash_algo, x.os_hash_value);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, content_facts& x) {
  return f(caf::meta::type_name("content_facts"), x.size, x.virtual_size, x.disk_format, x.md5, x.os_hash_algo,
           x.os_hash_value, x.unpacked_from, x.converted_from, x.described);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, identity& x) {
  return f(caf::meta::type_name("identity"), x.project_id, x.user_id, x.roles);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, imports_configuration& x) {
  return f(caf::meta::type_name("imports_configuration"), x.max_running, x.max_running_per_project,
           x.max_waiting_per_project, x.max_image_size, x.max_virtual_size, x.project_quota, x.result_ttl,
           x.stall_timeout, x.minimum_rate, x.deadline, x.retries);
}

/// Records travel as the bytes that LMDB keeps: one codec, one version number.
template <class Inspector, class Record, class Decode>
typename Inspector::result_type inspect_record(Inspector& f, const char* name, Record& x, Decode decode) {
  std::string bytes;
  if constexpr (Inspector::reads_state)
    bytes = encode(x);
  return f(caf::meta::type_name(name), bytes, caf::meta::load_callback([&]() -> caf::error {
             if (auto record = decode(bytes)) {
               x = std::move(*record);
               return caf::none;
             }
             return caf::sec::invalid_argument;
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_import& x) {
  return inspect_record(f, "image_import", x, decode_image_import);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image& x) {
  return inspect_record(f, "image", x, decode_image);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_member& x) {
  return inspect_record(f, "image_member", x, decode_image_member);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, member_key& x) {
  return f(caf::meta::type_name("member_key"), x.image_id, x.member_id);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_change& x) {
  return f(caf::meta::type_name("image_change"), x.what, x.attribute, x.value, x.only_if_absent);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_action& x) {
  return f(caf::meta::type_name("image_action"), x.what, x.tag);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, member_change& x) {
  return f(caf::meta::type_name("member_change"), x.what, x.member_id, x.status);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, image_transition& x) {
  auto facts = x.facts.value_or(content_facts{});
  bool has_facts = x.facts.has_value();
  return f(caf::meta::type_name("image_transition"), x.image_id, x.from, x.to, x.put_properties, x.erase_properties,
           x.unless_properties, x.forget_facts, has_facts, facts, caf::meta::load_callback([&]() -> caf::error {
             x.facts = has_facts ? std::optional{facts} : std::nullopt;
             return caf::none;
           }));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, metadef_namespace& x) {
  return inspect_record(f, "metadef_namespace", x, decode_metadef_namespace);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, metadef_replacement& x) {
  return f(caf::meta::type_name("metadef_replacement"), x.record, x.replaces);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, metadef_erasure& x) {
  return f(caf::meta::type_name("metadef_erasure"), x.name, x.revision);
}

}  // namespace sluice::schemas

CAF_BEGIN_TYPE_ID_BLOCK(sluice, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::error_code))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::failure))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::content_facts))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::identity))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::image_import))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::imports_configuration))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::image))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::image_member))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::image_action))
CAF_ADD_TYPE_ID(sluice, (sluice::schemas::member_change))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::image_patch))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::image_move))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::record_changes))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::import_checkpoint))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::project_share))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::bandwidth_limits))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::bandwidth_policy))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::bandwidth_report))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::verification_request))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::check_report))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::verification_report))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::examination))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::image_ids))
CAF_ADD_TYPE_ID(sluice, (sluice::actors::reverification_report))
CAF_ADD_ATOM(sluice, sluice::actors, done_atom, "done")
CAF_ADD_ATOM(sluice, sluice::actors, commit_atom, "commit")
CAF_ADD_ATOM(sluice, sluice::actors, flush_atom, "flush")
CAF_ADD_ATOM(sluice, sluice::actors, grant_atom, "grant")
CAF_ADD_ATOM(sluice, sluice::actors, checkpoint_atom, "checkpoint")
CAF_ADD_ATOM(sluice, sluice::actors, staged_atom, "staged")
CAF_ADD_ATOM(sluice, sluice::actors, failed_atom, "failed")
CAF_ADD_ATOM(sluice, sluice::actors, stopped_atom, "stopped")
CAF_ADD_ATOM(sluice, sluice::actors, verify_atom, "verify")
CAF_ADD_ATOM(sluice, sluice::actors, judged_atom, "judged")
CAF_ADD_ATOM(sluice, sluice::actors, converted_atom, "converted")
CAF_ADD_ATOM(sluice, sluice::actors, published_atom, "published")
CAF_ADD_ATOM(sluice, sluice::actors, freed_atom, "freed")
CAF_ADD_ATOM(sluice, sluice::actors, cancel_atom, "cancel")
CAF_ADD_ATOM(sluice, sluice::actors, watch_atom, "watch")
CAF_ADD_ATOM(sluice, sluice::actors, pause_atom, "pause")
CAF_ADD_ATOM(sluice, sluice::actors, retry_atom, "retry")
CAF_ADD_ATOM(sluice, sluice::actors, reserve_atom, "reserve")
CAF_ADD_ATOM(sluice, sluice::actors, enter_atom, "enter")
CAF_ADD_ATOM(sluice, sluice::actors, leave_atom, "leave")
CAF_ADD_ATOM(sluice, sluice::actors, position_atom, "position")
CAF_ADD_ATOM(sluice, sluice::actors, create_atom, "create")
CAF_ADD_ATOM(sluice, sluice::actors, recover_atom, "recover")
CAF_ADD_ATOM(sluice, sluice::actors, restart_atom, "restart")
CAF_ADD_ATOM(sluice, sluice::actors, remove_atom, "remove")
CAF_ADD_ATOM(sluice, sluice::actors, update_atom, "update")
CAF_ADD_ATOM(sluice, sluice::actors, act_atom, "act")
CAF_ADD_ATOM(sluice, sluice::actors, share_atom, "share")
CAF_ADD_ATOM(sluice, sluice::actors, move_atom, "move")
CAF_ADD_ATOM(sluice, sluice::actors, release_atom, "release")
CAF_ADD_ATOM(sluice, sluice::actors, tick_atom, "tick")
CAF_ADD_ATOM(sluice, sluice::actors, configure_atom, "configure")
CAF_ADD_ATOM(sluice, sluice::actors, report_atom, "report")
CAF_END_TYPE_ID_BLOCK(sluice)
CAF_ERROR_CODE_ENUM(sluice::schemas::error_code, "sluice")
