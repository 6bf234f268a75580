// SPDX-License-Identifier: Apache-2.0
// Between the two halves of a verification: what has passed is made into another format.
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/import/image_import.hpp"
#include "actors/mailbox.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;
using schemas::image_import_event;
using schemas::image_import_status;

const std::string& image_import_state::staged_name() const {
  return record.facts && record.facts->converted() ? record.image_id : record.id;
}

schemas::result<std::string> image_import_state::conversion_target() const {
  const auto& asked = record.request.convert_to;
  // Whoever fetches the image verifies the signature again, and it is over the bytes that came.
  if (!record.request.properties.extra.contains("img_signature"))
    return around->converter->target_of(record.facts->disk_format, asked);
  if (asked.empty())
    return std::string{};
  return schemas::refuse(error_code::conversion_failed,
                         "Expected no convert_to for a signed image: its signature is over the bytes that came.");
}

void image_import_state::convert(std::string target, std::uint64_t allocated) {
  converting = true;
  conversion_request request;
  request.import_id = record.id;
  request.image_id = record.image_id;
  request.from = record.facts->disk_format;
  request.to = std::move(target);
  request.size = record.facts->size;
  request.virtual_size = record.facts->virtual_size;
  request.allocated = allocated;
  request.max_virtual_size = around->limits.max_virtual_size;
  const mailbox box{image_import_actor{self}};
  around->converter->start(std::move(request), progress, [box](const conversion_outcome& outcome) {
    box.send(converted_atom_v, outcome.why, outcome.facts);
  });
}

void image_import_state::on_converted(const conversion_outcome& outcome) {
  converting = false;
  if (record.status != image_import_status::verifying || ending || !record.facts)
    return;
  if (cancelling)
    return end_badly(*cancelling, image_import_event::cancelled);
  // What was made is swept away at the next start, which begins with what came.
  if (pausing)
    return pause_when_idle();
  if (outcome.why.code == error_code::not_found)
    return fetch_again();
  if (outcome.why.code != error_code::none)
    return end_badly(outcome.why, image_import_event::failed);
  schemas::source_facts source;
  source.disk_format = record.facts->disk_format;
  source.size = record.facts->size;
  source.md5 = record.facts->md5;
  source.os_hash_algo = record.facts->os_hash_algo;
  source.os_hash_value = record.facts->os_hash_value;
  auto made = *record.facts;
  made.size = outcome.facts.size;
  made.virtual_size = outcome.facts.virtual_size;
  made.disk_format = outcome.facts.disk_format;
  made.md5 = outcome.facts.md5;
  made.os_hash_algo = outcome.facts.os_hash_algo;
  made.os_hash_value = outcome.facts.os_hash_value;
  made.converted_from = std::move(source);
  record.facts = std::move(made);
  // Once the record says so, what came is not needed any more: should the service be killed now, it goes on from here.
  persist([this] {
    around->files.post([&blobs = around->blobs, import_id = record.id] {
      if (const auto freed = blobs.remove_staged(import_id); !freed)
        spdlog::error("bytes not freed task={} reason=\"{}\"", import_id, freed.error().message);
    });
    verify();
  });
}

}  // namespace sluice::actors
