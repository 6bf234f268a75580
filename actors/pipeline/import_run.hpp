// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include "actors/bandwidth/throttle.hpp"
#include "actors/pipeline/block_flight.hpp"
#include "actors/pipeline/block_pool.hpp"
#include "actors/pipeline/caller_claims.hpp"
#include "actors/pipeline/digest_engine.hpp"
#include "actors/pipeline/import_job.hpp"
#include "actors/pipeline/import_lanes.hpp"
#include "actors/pipeline/pipeline_options.hpp"
#include "actors/pipeline/progress_meter.hpp"
#include "actors/pipeline/size_rules.hpp"
#include "actors/pipeline/store_engine.hpp"
#include "actors/pipeline/unpack_lane.hpp"
#include "actors/pipeline/wake_signal.hpp"
#include "actors/ports.hpp"
#include "persistence/blob_store.hpp"

namespace sluice::actors {

/// What all runs share. Outlives them.
struct pipeline_parts {
  pipeline_options options;  ///< as they were when this run began
  byte_source_factory& sources;
  persistence::blob_store& blobs;
  throttle_board& throttles;
  block_pool& blocks;
  digest_engine& digests;
  store_engine& store;
  std::function<std::size_t()> live_runs;  ///< how many there are now, the asking one included
};

/// One import on its way from the source to the staged file, as one coroutine on the transfer executor.
///
/// Two layers: an outer coroutine that nothing interrupts, which brings every end in order (source closed, blocks
/// landed, file synced or removed, outcome told), and within it the receiving one, which stop, deadline and the first
/// failed stage cancel wherever it waits. All members belong to the executor's one thread.
class import_run final : public flight_observer, public std::enable_shared_from_this<import_run> {
 public:
  /// `on_gone` is called after `listener.on_end`, on the executor.
  import_run(const pipeline_parts& parts, boost::asio::any_io_executor executor, import_job job,
             import_listener listener, std::function<void()> on_gone);
  ~import_run() override;

  /// On the executor, once.
  void start();
  /// On the executor; may come at any time, more than once.
  void stop();

  void flight_landed() noexcept override;
  void stage_failed(schemas::failure why) noexcept override;

 private:
  template <class Value>
  using awaitable = boost::asio::awaitable<Value>;
  using fault = std::optional<source_failure>;

  // import_run.cpp: from start to outcome
  awaitable<void> run();
  awaitable<void> receive_interruptibly();
  awaitable<void> receive();
  awaitable<void> conclude();
  awaitable<void> clean_up();
  awaitable<void> keep_for_later();
  void report();
  void fail(schemas::failure why);
  void interrupt();
  void note(const std::exception_ptr& thrown);
  [[nodiscard]] bool interrupted() const noexcept { return stopping_ || failure_.has_value(); }

  // import_run_claims.cpp: what the caller says of the bytes
  awaitable<void> learn_claims();
  awaitable<void> prepare_signature();
  awaitable<void> learn_checksums();
  awaitable<source_result<std::string>> read_checksum_list(const std::string& url);
  void take_checksums(const std::string& name, std::string_view list);
  /// After a pause true, when what `broken` says is worth it; else the import has failed, or is interrupted.
  awaitable<bool> try_again(source_failure broken, std::uint32_t tried);

  // import_run_blocks.cpp: the staged file, blocks in flight, checkpoints
  awaitable<void> open_staged_file();
  awaitable<void> read_prefix();
  awaitable<void> start_over();
  awaitable<void> landed_down_to(std::size_t in_flight);
  awaitable<void> drained();
  awaitable<block_handle> next_block();
  void launch(block_handle block, std::size_t length, bool to_store);
  void retire();
  void tick();
  void checkpoint();
  void checkpointed(const schemas::result<std::uint64_t>& synced);

  // import_run_fetch.cpp: the source, attempt after attempt
  awaitable<void> fetch();
  awaitable<fault> attempt();
  awaitable<fault> accept(source_offer offer);
  awaitable<fault> read_body(byte_source& source);
  awaitable<void> pause_before(std::uint32_t attempt, std::optional<std::chrono::seconds> asked);
  awaitable<fault> body_ended();
  void took(std::size_t bytes);
  /// Disk space is promised in such steps where nobody knows how much is to come.
  static constexpr std::uint64_t reservation_step = 64 << 20;
  void reserve(std::uint64_t bytes);

  // import_run_unpack.cpp: from received bytes to blocks of the image
  [[nodiscard]] std::unique_ptr<import_lanes> new_lanes(bool unpacks) const;
  void look_for_packing();
  awaitable<void> pass_on();
  awaitable<void> unpack();
  awaitable<void> order(std::span<std::byte> room);
  awaitable<void> finish_unpacking();
  void forget_unpacking();

  const pipeline_parts parts_;
  const boost::asio::any_io_executor executor_;
  const import_job job_;
  const import_listener listener_;
  const std::function<void()> on_gone_;
  const size_rules sizes_;
  const std::string& id_;

  progress_meter meter_;
  wake_signal wake_;
  boost::asio::cancellation_signal interruption_;
  boost::asio::steady_timer ticker_;
  boost::asio::steady_timer deadline_;
  std::shared_ptr<throttle> throttle_;

  std::shared_ptr<store_stream> staged_;
  caller_claims claims_;
  std::unique_ptr<import_lanes> lanes_;
  bool sniffed_ = false;                    ///< whether it is packed has been looked at
  std::unique_ptr<unpack_lane> unpacking_;  ///< null: the image comes as it is
  std::shared_ptr<digest_stream> unpacking_stream_;
  std::shared_ptr<block_flight> order_;  ///< what is being unpacked, into `filling_`
  persistence::space_reservation space_;
  std::deque<std::shared_ptr<block_flight>> flights_;
  const std::size_t blocks_most_;  ///< that this import may hold
  block_handle filling_;
  std::size_t filled_ = 0;

  std::uint64_t received_ = 0;  ///< from the source, the block being filled included
  std::uint64_t launched_ = 0;  ///< bytes of the image
  std::uint64_t furthest_ = 0;  ///< most ever received: an attempt that does not get beyond made no progress
  std::uint64_t promised_ = 0;  ///< of disk space
  std::uint64_t resumed_ = 0;   ///< bytes that were in the file at the start
  std::uint64_t durable_ = 0;   ///< last checkpoint
  std::string validator_;
  std::map<std::string, std::string> described_;            ///< by the source, of the image
  std::vector<schemas::expected_checksum> source_digests_;  ///< those that the source says it has
  std::optional<std::uint64_t> total_;                      ///< as announced, else as expected
  bool total_announced_ = false;
  std::chrono::steady_clock::time_point checkpointed_at_{};

  bool fetching_ = false;
  bool checkpointing_ = false;
  bool complete_ = false;  ///< every byte of the image has been launched
  bool stopping_ = false;
  bool ended_ = false;  ///< the outcome is decided
  std::optional<schemas::failure> failure_;
  std::optional<schemas::content_facts> facts_;
  std::mt19937_64 random_{std::random_device{}()};

  std::mutex reported_mutex_;
  std::optional<schemas::failure> reported_;  ///< by a stage, on its thread: there before the block has landed
};

}  // namespace sluice::actors
