// SPDX-License-Identifier: Apache-2.0
// An image-import whose bytes are all there and that waits for the word to go on: what PUT …/stage leaves behind.
#include <utility>

#include "actors/import/image_import.hpp"
#include "actors/import/image_moves.hpp"
#include "schemas/image_signature.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;
using schemas::image_import_event;

namespace {

/// A signature is verified while the bytes come. What was said of it since then would go unlooked at.
schemas::result<void> signed_alike(const schemas::image_properties& staged, const schemas::image_properties& now) {
  const auto then = schemas::signature_of(staged.extra, "");
  const auto wanted = schemas::signature_of(now.extra, "");
  if (!wanted)
    return tl::unexpected{wanted.error()};
  if (then && *then == *wanted)
    return {};
  return schemas::refuse(error_code::conflict,
                         "The img_signature properties have changed since the bytes were staged, and a signature is "
                         "verified while they come. Delete the image, or put the properties back as they were.");
}

}  // namespace

void image_import_state::hold() {
  release_slot();
  progress->phase = import_phase::waiting;
  progress->limited_by = import_limit::unknown;
  progress->bytes = record.facts->size;
  progress->total = record.facts->size;
  if (cancelling)
    return end_badly(*cancelling, image_import_event::cancelled);
  if (pausing)
    return pause_when_idle();
  on_tick();
}

void image_import_state::on_tick() {
  if (!record.is_staged() || ending || cancelling || pausing)
    return;
  if (around->clock.now() - record.updated_at >= around->limits.deadline)
    end_badly(failure{error_code::deadline_exceeded,
                      "The staged image was not imported within the time that the service allows. Stage it again, and "
                      "import it then."},
              image_import_event::failed);
  else
    self->delayed_send(self, hold_look, tick_atom_v);
}

caf::result<schemas::image_import> image_import_state::on_release(const schemas::image_import& wish) {
  if (!record.is_staged() || !writes.empty() || ending || cancelling || pausing)
    return to_error(failure{error_code::conflict, "Image " + record.image_id + " has no staged data to import."});
  if (auto same = signed_alike(record.request.properties, wish.request.properties); !same)
    return to_error(same.error());
  const auto before = record;
  record.request.properties = wish.request.properties;
  record.origin = wish.origin;
  record.user_id = wish.user_id;
  record.request_id = wish.request_id;
  record.asked = wish.asked;
  if (!move(image_import_event::bytes_complete)) {
    record = before;
    return to_error(failure{error_code::conflict, "Image " + record.image_id + " has no staged data to import."});
  }
  auto promise = self->make_response_promise<schemas::image_import>();
  persist_with(
      release_of(record),
      [this, promise]() mutable {
        promise.deliver(record);
        verify();
      },
      [this, promise, before](const failure& why) mutable {
        record = before;
        promise.deliver(to_error(why));
        hold();
      });
  return promise;
}

}  // namespace sluice::actors
