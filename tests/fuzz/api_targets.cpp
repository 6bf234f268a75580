// SPDX-License-Identifier: Apache-2.0
// What callers of the API send.
#include <array>

#include "http/server/head_check.hpp"
#include "http/server/negotiation.hpp"
#include "http/server/range.hpp"
#include "http/server/target.hpp"
#include "schemas/bandwidth_patch.hpp"
#include "schemas/image_change.hpp"
#include "schemas/image_properties_reading.hpp"
#include "schemas/image_request.hpp"
#include "schemas/image_signature.hpp"
#include "schemas/interoperable_import.hpp"
#include "schemas/json.hpp"
#include "schemas/json_value.hpp"
#include "schemas/metadef_reading.hpp"
#include "schemas/task.hpp"
#include "schemas/text.hpp"
#include "tests/fuzz/promises.hpp"

namespace sluice::tests::fuzz {
namespace {

schemas::identity somebody() {
  schemas::identity who;
  who.project_id = "p";
  who.user_id = "u";
  who.roles = {"member"};
  return who;
}

void check_properties(const schemas::image_properties& properties) {
  promise(!properties.name || schemas::code_points(*properties.name) <= 255, "a name is at most 255 characters");
  promise(properties.tags.size() <= schemas::most_tags, "there are at most 128 tags");
  promise(
      std::ranges::is_sorted(properties.tags) && std::ranges::adjacent_find(properties.tags) == properties.tags.end(),
      "tags are sorted and each is there once");
  promise(properties.extra.size() <= 128, "there are at most 128 other properties");
  for (const auto& [name, value] : properties.extra)
    promise(
        !name.empty() && schemas::code_points(name) <= 255 && value.size() <= 65535 && !name.starts_with("os_glance"),
        "other properties are within their bounds, and none is the service's own");
}

void check_image(const schemas::image& image) {
  check_properties(image.properties);
  promise(schemas::decode_image(schemas::encode(image)) == image, "what is written is read again");
  promise(schemas::parse_json(schemas::to_json(image)).has_value(), "an answer is JSON");
}

void run_request(std::span<const std::byte> input) {
  const auto wanted = schemas::parse_import_request(text_of(input), somebody(), {});
  promise(explained(wanted), "a refusal says why");
  if (wanted)
    check_properties(wanted->properties);
}

void run_image(std::span<const std::byte> input) {
  const auto text = text_of(input);
  const auto who = somebody();
  auto draft = schemas::parse_new_image(text, who);
  promise(explained(draft), "a refusal says why");
  if (draft && schemas::may_create(who, *draft)) {
    promise(draft->owner == who.project_id, "nobody makes an image for another project");
    promise(draft->status == schemas::image_status::queued && !draft->facts, "a new image has no bytes");
    check_image(*draft);
    static_cast<void>(schemas::signature_of(draft->properties.extra, ""));
  }
  const auto member = schemas::parse_new_member(text);
  promise(explained(member), "a refusal says why");
  promise(!member || (!member->empty() && member->size() <= 255), "a member is the id of a project");
  promise(explained(schemas::parse_member_status(text)), "a refusal says why");
}

schemas::image known_image() {
  schemas::image known;
  known.id = "11111111-2222-4333-8444-555555555555";
  known.owner = "p";
  known.properties.name = "n";
  known.properties.visibility = "private";
  known.properties.tags = {"a", "b"};
  known.properties.extra = {{"k", "v"}, {"hw_disk_bus", "virtio"}};
  return known;
}

void run_patch(std::span<const std::byte> input) {
  for (const auto dialect : {schemas::patch_dialect::old_names, schemas::patch_dialect::rfc_6902}) {
    const auto changes = schemas::parse_image_patch(text_of(input), dialect);
    promise(explained(changes), "a refusal says why");
    if (!changes)
      continue;
    const auto before = known_image();
    auto after = before;
    const auto applied = schemas::apply(*changes, somebody(), false, after);
    promise(explained(applied), "a refusal says why");
    promise(applied || after == before, "all changes or none");
    promise(after.id == before.id && after.owner == before.owner && after.status == before.status &&
                after.facts == before.facts && after.created_at == before.created_at,
            "what the service sets stays");
    check_image(after);
    auto again = before;
    promise(schemas::apply(*changes, somebody(), false, again).has_value() == applied.has_value() && again == after,
            "the same changes make the same image");
  }
}

void run_metadef(std::span<const std::byte> input) {
  const auto text = text_of(input);
  if (const auto space = schemas::parse_metadef_namespace(text)) {
    promise(schemas::decode_metadef_namespace(schemas::encode(*space)) == *space, "what is written is read again");
    promise(explained(schemas::check_bounds(*space)), "a refusal says why");
  } else {
    promise(explained(space), "a refusal says why");
  }
  promise(explained(schemas::parse_metadef_object(text)), "a refusal says why");
  if (const auto property = schemas::parse_metadef_property(text))
    promise(schemas::parse_json(property->definition).has_value(), "a definition is JSON");
  if (const auto tag = schemas::parse_metadef_tag(text))
    promise(explained(schemas::check_metadef_name(tag->name, "/name")), "a refusal says why");
  if (const auto tags = schemas::parse_metadef_tags(text))
    for (const auto& each : *tags)
      promise(schemas::check_metadef_name(each.name, "/name").has_value(), "a name is one that a path can have");
  promise(explained(schemas::parse_metadef_association(text)), "a refusal says why");
}

void run_import(std::span<const std::byte> input) {
  const auto wanted = schemas::parse_interoperable_import(text_of(input), "", {});
  promise(explained(wanted), "a refusal says why");
  if (wanted)
    promise(schemas::parse_json(wanted->asked).has_value(), "what was asked is shown as JSON");
  const auto task = schemas::parse_task_request(text_of(input), somebody(), {});
  promise(explained(task), "a refusal says why");
  if (task) {
    check_properties(task->wanted.properties);
    promise(schemas::parse_json(task->input).has_value(), "what was asked is shown as JSON");
  }
}

void run_bandwidth(std::span<const std::byte> input) {
  const schemas::configuration now;
  const auto changed = schemas::patch_bandwidth(now, text_of(input));
  promise(explained(changed), "a refusal says why");
  if (!changed)
    return;
  auto again = schemas::patch_bandwidth(now, schemas::to_json(*changed));
  promise(again && *again == *changed, "what is shown says the same when it is sent back");
}

/// A request's head, its target and the fields that say what is wanted.
void run_head(std::span<const std::byte> input) {
  const auto text = text_of(input);
  const http::server_limits limits;
  const auto end = http::find_head_end(text, 0, limits);
  if (end && *end) {
    promise(**end <= text.size(), "a head ends where bytes are");
    const auto head = http::check_head(text.substr(0, **end), limits);
    promise(head || (head.error().status >= 400 && !head.error().detail.empty()), "a refusal says why");
    if (const auto target = head ? http::parse_target(head->target) : http::parse_target(text)) {
      promise(target->path.starts_with('/') && target->path.find('\0') == std::string::npos, "a path is one");
      if (const auto query = http::parse_query(target->query))
        promise(http::parse_query(http::format_query(*query)) == *query, "what is written is read again");
    }
  }
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{100}, ~std::uint64_t{0}}) {
    const auto range = http::parse_range(text, size);
    promise(range.what != http::byte_range::kind::part ||
                (range.length > 0 && range.first < size && range.length <= size - range.first),
            "a range is of bytes that are there");
  }
  static_cast<void>(http::is_authority(text));
  static_cast<void>(http::preferred_fault_form(text));
  static_cast<void>(http::wants_event_stream(text));
  static_cast<void>(http::preferred_wait(text));
  static_cast<void>(http::is_json_media_type(text, "application/json"));
}

constexpr std::array all{
    target{"request", run_request}, target{"image", run_image},   target{"patch", run_patch},
    target{"metadef", run_metadef}, target{"import", run_import}, target{"bandwidth", run_bandwidth},
    target{"head", run_head},
};

}  // namespace

std::span<const target> api_targets() noexcept {
  return all;
}

}  // namespace sluice::tests::fuzz
