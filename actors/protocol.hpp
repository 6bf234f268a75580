// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "actors/messages.hpp"

/// Every actor's interface and every message: the map of the system. Payloads can travel to another node: values only,
/// no pointers, no sockets. A handler that fails answers `to_error(failure)`; `to_failure` is its inverse.
namespace sluice::actors {

/// How long the record keeper, or the image registry in front of it, may take to make a change durable.
inline constexpr caf::timespan commit_deadline = std::chrono::seconds{30};

/// The only writer of records. Collects what arrives during one commit and makes it durable with the next.
using record_keeper_actor = caf::typed_actor<
    // Applies all of it in one transaction, or none: answers when it is durable.
    caf::replies_to<commit_atom, record_changes>::with<done_atom>,
    // To itself: commit what has been collected.
    caf::reacts_to<flush_atom>>;

/// Judges staged images by every check there is, a bounded number at a time.
using verifier_actor = caf::typed_actor<
    // Answers when every check has passed, or the first has not; not_found as the reason when the bytes are gone,
    // cancelled when somebody asked for that. A second request for one import replaces the first.
    caf::replies_to<verify_atom, verification_request>::with<verification_report>,
    // End that import's verification: its request is answered soon. One that is not known is ignored.
    caf::reacts_to<cancel_atom, std::string /*import*/>,
    // From a check: it has come to its end.
    caf::reacts_to<judged_atom, std::string /*import*/, std::uint64_t /*round*/, check_report>,
    // The service stops: cancel all. Answers when no check runs.
    caf::replies_to<pause_atom>::with<done_atom>>;

/// Looks at stored images again when the operator asks for it, one after the other.
using reverification_actor = caf::typed_actor<
    // Begin, with that image or (empty) with all; the report at its beginning. not_found; conflict when a run is in
    // hand.
    caf::replies_to<verify_atom, std::string /*image*/>::with<reverification_report>,
    // Of the run in hand, or the last one.
    caf::replies_to<report_atom>::with<reverification_report>,
    // End the run in hand, if there is one.
    caf::replies_to<cancel_atom>::with<reverification_report>,
    // From the examiner: these are the images; that one has been looked at.
    caf::reacts_to<staged_atom, std::uint64_t /*run*/, image_ids>,
    caf::reacts_to<judged_atom, std::uint64_t /*run*/, std::string /*image*/, examination>,
    // The service stops. Answers when nothing is being looked at.
    caf::replies_to<pause_atom>::with<done_atom>>;

/// One image-import: applies the transition table, has each move made durable, then starts the work of the new state.
using image_import_actor = caf::typed_actor<
    // From admission: a slot is yours.
    caf::reacts_to<grant_atom>,
    // From the pipeline: bytes before this point are on the disk.
    caf::reacts_to<checkpoint_atom, import_checkpoint>,
    // From the pipeline: all bytes staged, digests and inspection agree.
    caf::reacts_to<staged_atom, schemas::content_facts>,
    // From the pipeline: it failed.
    caf::reacts_to<failed_atom, schemas::failure>,
    // From the pipeline: stopped as asked, the last checkpoint holds.
    caf::reacts_to<stopped_atom>,
    // From the publication job: the image's bytes are in the store (or why not, code `none` for success).
    caf::reacts_to<published_atom, schemas::failure>,
    // From the file work: nothing of its bytes is left.
    caf::reacts_to<freed_atom>,
    // From its owner: end it. Answers when the failure is durable and its bytes are freed.
    caf::replies_to<cancel_atom>::with<done_atom>,
    // The image it fills is gone: end it. Answers as `cancel`.
    caf::replies_to<remove_atom>::with<done_atom>,
    // Import what is staged, as `wish` asks (origin, user_id, request_id, asked). Answers with the record when it is
    // durable that it goes on; conflict when nothing is staged.
    caf::replies_to<release_atom, schemas::image_import /*wish*/>::with<schemas::image_import>,
    // To itself, while it is staged: has it waited too long?
    caf::reacts_to<tick_atom>,
    // Answers with the current version once it differs from `seen`, at the latest when the import ends. When very
    // many watch, the longest-waiting is answered earlier, unchanged.
    caf::replies_to<watch_atom, std::uint64_t>::with<std::uint64_t>,
    // The service stops: pause durably, then quit. Answers when nothing is left to write.
    caf::replies_to<pause_atom>::with<done_atom>,
    // From the conversion: made durable (code `none`), with what it is; or why not.
    caf::reacts_to<converted_atom, schemas::failure, schemas::content_facts>,
    // To itself: try again what the store refused.
    caf::reacts_to<retry_atom>>;

/// Who may run: a bounded queue a project, slots granted in turn between projects.
using admission_actor = caf::typed_actor<
    // Takes a place in the queue of `project`, or answers too_many_imports. Nothing is granted before `enter`.
    caf::replies_to<reserve_atom, std::string /*import*/, std::string /*project*/>::with<done_atom>,
    // This actor waits now: in the place reserved for it, or at the end when there is none (a restart).
    caf::reacts_to<enter_atom, std::string /*import*/, std::string /*project*/, caf::strong_actor_ptr>,
    // The import is over, or withdrawn, in whatever state it was.
    caf::reacts_to<leave_atom, std::string /*import*/>,
    // 1 = next to run; 0 = not waiting.
    caf::replies_to<position_atom, std::string /*import*/>::with<std::uint64_t>,
    // New limits: more slots are granted at once; when there are fewer, who runs runs to its end.
    caf::reacts_to<configure_atom, schemas::imports_configuration>>;

/// Accepts imports, finds them, restarts what dies.
using import_supervisor_actor = caf::typed_actor<
    // A draft (times are set here; the id unless it has one; the image's id unless it fills an image that is there,
    // which is taken for it in the same transaction: conflict, not_found). Answers with the record once it is durable.
    caf::replies_to<create_atom, schemas::image_import>::with<schemas::image_import>,
    // DELETE: cancels a live import, removes a finished one. not_found when it is not this identity's.
    caf::replies_to<cancel_atom, schemas::identity, std::string>::with<done_atom>,
    // As image_import_actor's, for the import that fills `wish.image_id`.
    caf::replies_to<release_atom, schemas::image_import /*wish*/>::with<schemas::image_import>,
    // That image is gone: whatever fills it ends. Answers when its bytes are freed.
    caf::replies_to<remove_atom, std::string /*image*/>::with<done_atom>,
    // As image_import_actor's; answers at once when that import is not live.
    caf::replies_to<watch_atom, std::string, std::uint64_t>::with<std::uint64_t>,
    caf::replies_to<position_atom, std::string>::with<std::uint64_t>,
    // Takes up what a previous run of the service left. Answers with how many.
    caf::replies_to<recover_atom>::with<std::uint64_t>,
    // To itself: start this import again from its record, after its actor died.
    caf::reacts_to<restart_atom, std::string>,
    // New limits, for imports that are started from now on.
    caf::reacts_to<configure_atom, schemas::imports_configuration>,
    // Refuse new imports, pause the live ones durably. Answers when all have.
    caf::replies_to<pause_atom>::with<done_atom>>;

/// Changes images, one change of an image after the other: each is computed against the record as the change before it
/// left it, and answered when it is durable. Failures as schemas/image_change.hpp has them.
using image_registry_actor = caf::typed_actor<
    // A draft (its id when the client chose one; status, times are set here). conflict when the id is or was in use.
    caf::replies_to<create_atom, schemas::identity, schemas::image>::with<schemas::image>,
    // PATCH.
    caf::replies_to<update_atom, schemas::identity, std::string /*image*/, image_patch>::with<schemas::image>,
    // Tags, deactivate, reactivate.
    caf::replies_to<act_atom, schemas::identity, std::string /*image*/, schemas::image_action>::with<schemas::image>,
    // Members: answers with the member as it is now (as it was, when it was removed).
    caf::replies_to<share_atom, schemas::identity, std::string /*image*/,
                    schemas::member_change>::with<schemas::image_member>,
    // From uploads and imports: begin, end or fail; the imports' records become durable in the same transaction.
    // Answers with the record after it; conflict when the image is in no status that allows it.
    caf::replies_to<move_atom, image_move>::with<schemas::image>,
    // DELETE: erases the record (its bytes are the lifetime actor's). Answers with the record as it was. not_found,
    // forbidden, image_protected.
    caf::replies_to<remove_atom, schemas::identity, std::string /*image*/>::with<schemas::image>>;

/// Ends lives: finished imports at their expires-by, images at their owner's word.
using lifetime_actor = caf::typed_actor<
    // DELETE of an image: the record goes durably, then the bytes; answers when both are gone. not_found, forbidden,
    // image_protected.
    caf::replies_to<remove_atom, schemas::identity, std::string>::with<done_atom>,
    // From the file work: that image's bytes are gone.
    caf::reacts_to<freed_atom, std::string>,
    // To itself.
    caf::reacts_to<tick_atom, std::uint64_t /*generation*/>, caf::replies_to<pause_atom>::with<done_atom>>;

/// Governs what imports may take of the machine: shares the configured limits out between them, and makes them step
/// aside when serving is hurt.
using bandwidth_supervisor_actor = caf::typed_actor<
    // To itself, every interval.
    caf::reacts_to<tick_atom, std::uint64_t /*generation*/>,
    // A new policy, in force when it answers.
    caf::replies_to<configure_atom, bandwidth_policy>::with<done_atom>,
    // What is in force, who has how much, and why.
    caf::replies_to<report_atom>::with<bandwidth_report>, caf::replies_to<pause_atom>::with<done_atom>>;

}  // namespace sluice::actors
