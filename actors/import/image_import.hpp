// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/import/import_surroundings.hpp"
#include "actors/protocol.hpp"

namespace sluice::actors {

/// One image-import from acceptance to its end. Messages drive every transition: the table in
/// schemas/image_import_status.hpp says what is legal, the record keeper makes the move durable, and only then the work
/// of the new state begins. A message that is not legal now (a late report, a repeat) is ignored with a log line.
///
/// Supervised by the import supervisor, which starts it again from its record when it dies before its end. It
/// ends normally when the import is success or failure, or paused.
struct image_import_state {
  static inline const char* name = "image-import";
  explicit image_import_state(image_import_actor::pointer owner) : self(owner) {}

  image_import_actor::behavior_type make_behavior(schemas::image_import accepted, record_keeper_actor keeper,
                                                  admission_actor admission, import_surroundings around);

  // What happens, in the order of an import's life.
  void take_up();
  void on_grant();
  void on_checkpoint(const import_checkpoint& point);
  void on_staged(const schemas::content_facts& facts);
  void on_verified(const verification_report& report);
  void on_published(const schemas::failure& outcome);
  void on_freed();
  void on_failed(const schemas::failure& why);
  void on_stopped();
  caf::result<done_atom> on_cancel(schemas::failure why);
  caf::result<schemas::image_import> on_release(const schemas::image_import& wish);
  void on_tick();
  caf::result<std::uint64_t> on_watch(std::uint64_t seen);
  caf::result<done_atom> on_pause();
  void on_exit(const caf::error& reason);

  // How it is done.
  void enter_queue();
  void start_pipeline();
  /// Every byte is there, and nobody has asked for the image yet: waits for the word, without a slot.
  void hold();
  void verify();
  /// The format to convert to; "" when the image stays what it is.
  [[nodiscard]] schemas::result<std::string> conversion_target() const;
  /// To another format; `allocated` as the checks found it. What is made is verified in its turn.
  void convert(std::string target, std::uint64_t allocated);
  void on_converted(const conversion_outcome& outcome);
  /// Where the bytes lie that are to be judged and published.
  [[nodiscard]] const std::string& staged_name() const;
  void publish();
  /// What was staged is gone: back to the source.
  void fetch_again();
  /// Frees the bytes, makes the failure durable, ends.
  void end_badly(schemas::failure why, schemas::image_import_event event);
  void finish();
  void pause_when_idle();
  void release_slot();
  /// Applies `event` to the record; false (and a log line) when the table says no.
  [[nodiscard]] bool move(schemas::image_import_event event);
  /// Makes the record durable, with the image if there is one, then continues. One write at a time, in order. What the
  /// store refuses is tried again with back-off for as long as the import lives: a move that is not durable has not
  /// happened.
  void persist(std::function<void()> then);
  /// The same, together with a move of the image that the import fills. Where the image does not allow it (it was
  /// deleted meanwhile), nothing was written: `refused` decides.
  void persist_with(schemas::image_transition image, std::function<void()> then,
                    std::function<void(const schemas::failure&)> refused);
  /// Counts the move that is about to be made.
  void count(schemas::image_import_event event, schemas::image_import_status to);
  void write_next();
  void on_written();
  void on_write_refused(const schemas::failure& why);
  void push(std::function<void()> then, std::optional<schemas::image_transition> image,
            std::function<void(const schemas::failure&)> refused);
  void tell_watchers();

  /// When more watch one import than this, the longest-waiting is answered, unchanged.
  static constexpr std::size_t max_watchers = 256;
  /// How often a staged import looks whether it has waited too long.
  static constexpr caf::timespan hold_look = std::chrono::minutes{1};

  image_import_actor::pointer self;
  schemas::image_import record;
  record_keeper_actor keeper;
  admission_actor admission;
  std::unique_ptr<import_surroundings> around;
  std::shared_ptr<import_progress> progress;

  std::uint64_t version = 1;                            ///< of what a watcher may have seen
  std::chrono::steady_clock::time_point phase_began{};  ///< waiting, uploading or verifying
  bool has_slot = false;
  bool pipeline_runs = false;
  bool verification_runs = false;
  bool converting = false;
  bool publishing = false;
  std::optional<schemas::failure> cancelling;  ///< why, in the words of who asked for it
  bool pausing = false;

  struct write {
    record_changes changes;
    std::optional<schemas::image_transition> image;  ///< goes through the registry, together with the changes
    std::function<void(const schemas::failure&)> refused;
    std::function<void()> then;  ///< empty for checkpoints: a later one replaces an earlier one
  };
  std::deque<write> writes;  ///< the first one is in hand; never more than a handful, transitions being few
  bool writing = false;
  unsigned refused_writes = 0;
  std::optional<schemas::failure> ending;                ///< why it is about to fail, while its bytes are being freed
  std::optional<schemas::image_import_event> ending_by;  ///< failed or cancelled

  std::deque<caf::typed_response_promise<std::uint64_t>> watchers;
  std::vector<caf::typed_response_promise<done_atom>> cancellers;
  std::vector<caf::typed_response_promise<done_atom>> pausers;
};

image_import_actor::behavior_type image_import(image_import_actor::stateful_pointer<image_import_state> self,
                                               schemas::image_import accepted, record_keeper_actor keeper,
                                               admission_actor admission, import_surroundings around);

}  // namespace sluice::actors
