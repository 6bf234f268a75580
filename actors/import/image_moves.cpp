// SPDX-License-Identifier: Apache-2.0
#include "actors/import/image_moves.hpp"

#include "schemas/interoperable_import.hpp"

namespace sluice::actors {

using schemas::image_status;
using schemas::image_transition;
using schemas::import_origin;
namespace marks = schemas::import_marks;

namespace {

void mark_running(const schemas::image_import& record, image_transition& move) {
  move.put_properties[std::string{marks::task}] = record.id;
  move.put_properties[std::string{marks::stores_left}] = schemas::store_id;
  move.put_properties[std::string{marks::stores_failed}] = "";
}

void mark_ended(bool failed, image_transition& move) {
  move.erase_properties.emplace_back(marks::task);
  move.put_properties[std::string{marks::stores_left}] = "";
  move.put_properties[std::string{marks::stores_failed}] = failed ? schemas::store_id : "";
}

}  // namespace

image_transition begin_of(const schemas::image_import& record) {
  image_transition move;
  move.image_id = record.image_id;
  move.from = {image_status::queued};
  move.unless_properties.emplace_back(marks::task);
  switch (record.origin) {
    case import_origin::upload: move.to = image_status::saving; break;
    case import_origin::stage: move.to = image_status::uploading; break;
    case import_origin::image_imports:
    case import_origin::task:
    case import_origin::interoperable:
      move.to = image_status::importing;
      mark_running(record, move);
      break;
  }
  return move;
}

image_transition staged_of(const schemas::image_import& record) {
  image_transition move;
  move.image_id = record.image_id;
  move.from = {image_status::uploading};
  move.to = image_status::uploading;
  move.facts.emplace().size = record.facts->size;
  return move;
}

image_transition release_of(const schemas::image_import& record) {
  image_transition move;
  move.image_id = record.image_id;
  move.from = {image_status::uploading};
  move.to = image_status::importing;
  mark_running(record, move);
  return move;
}

image_transition success_of(const schemas::image_import& record) {
  image_transition move;
  move.image_id = record.image_id;
  move.from = {image_status::saving, image_status::importing};
  move.to = image_status::active;
  move.facts = record.facts;
  if (record.origin == import_origin::interoperable)
    mark_ended(false, move);
  return move;
}

image_transition failure_of(const schemas::image_import& record) {
  image_transition move;
  move.image_id = record.image_id;
  move.from = {image_status::saving, image_status::uploading, image_status::importing};
  move.to = image_status::queued;
  move.forget_facts = true;
  if (record.origin == import_origin::interoperable)
    mark_ended(true, move);
  return move;
}

}  // namespace sluice::actors
