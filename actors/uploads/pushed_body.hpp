// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/failure.hpp"

/// Bytes that a client pushes, on their way to a pipeline that pulls: an upload is fetched like any other image, from a
/// source that somebody else fills.
namespace sluice::actors {

/// The location of an import whose bytes are pushed, in its record, followed by its id: no user can write it, because
/// no request may name this scheme.
inline constexpr std::string_view pushed_location = "upload:";

/// A ring of few slots between two threads, the one that receives (a session) and the one that takes (a pipeline).
///
/// Guarantees: memory is taken only once the pipeline has opened it, and is fixed from then on; when the slots are full
/// the receiver waits, so that the client feels how fast its image is taken; each side learns at once when the other is
/// gone. One thread a side; the two may differ.
class pushed_body {
 public:
  static constexpr std::size_t slot_bytes = 64 << 10;
  static constexpr std::size_t slots = 4;
  /// Called without a lock, on whichever thread made the change; may only hand the word on.
  using wake = std::function<void()>;

  /// `total`: bytes of the whole, when the client announced them.
  explicit pushed_body(std::optional<std::uint64_t> total) : total_{total} {}
  pushed_body(const pushed_body&) = delete;
  pushed_body& operator=(const pushed_body&) = delete;

  // The receiver's side.
  /// From now on `on_change` is called when there may be room, or the body is closed. Empty: no more; a call that is
  /// under way on another thread may still come, so it must hold what it needs.
  void tell_receiver(wake on_change);
  /// The pipeline wants its bytes: the import has its slot.
  [[nodiscard]] bool opened() const;
  /// Nobody takes any more: the import has come to its end, or the body was taken once already.
  [[nodiscard]] bool closed() const;
  /// Where the next bytes go; empty while there is no room. It stays valid, and nobody else touches it, until `filled`.
  [[nodiscard]] std::span<std::byte> room();
  void filled(std::size_t bytes);
  /// The last byte is in.
  void complete();
  /// There will be no more, and this is why. After `complete` it does nothing.
  void fail(schemas::failure why);

  // The taker's side.
  /// False when it was opened before: what was taken is gone, so nothing can be taken twice.
  [[nodiscard]] bool open(wake on_change);
  [[nodiscard]] std::optional<std::uint64_t> total() const noexcept { return total_; }
  /// Bytes taken; 0 = wait for the wake, or the end: see `ended`.
  [[nodiscard]] std::size_t take(std::span<std::byte> into);
  /// Every byte has been taken and no more will come.
  [[nodiscard]] bool ended() const;
  /// Why there will be no more, once every byte that came has been taken.
  [[nodiscard]] std::optional<schemas::failure> failed() const;
  void close();

 private:
  void tell(const wake& whom) const;

  const std::optional<std::uint64_t> total_;
  mutable std::mutex mutex_;
  wake to_receiver_;
  wake to_taker_;
  std::unique_ptr<std::array<std::byte, slots * slot_bytes>> bytes_;  ///< once opened
  std::array<std::size_t, slots> held_{};                             ///< bytes in each slot
  std::size_t first_ = 0;                                             ///< slot to take from
  std::size_t taken_ = 0;                                             ///< of that slot
  std::size_t full_ = 0;                                              ///< slots with bytes, from first_ on
  bool opened_ = false;
  bool closed_ = false;
  bool complete_ = false;
  std::optional<schemas::failure> why_;
};

/// Where the pipeline finds the bodies that are being pushed, by the id of their import. Bounded by the connections of
/// the server: each holds at most one. Any thread.
class upload_board {
 public:
  [[nodiscard]] std::shared_ptr<pushed_body> add(const std::string& import_id, std::optional<std::uint64_t> total);
  void remove(const std::string& import_id);
  /// Null when nobody pushes that body, as after a restart.
  [[nodiscard]] std::shared_ptr<pushed_body> find(const std::string& import_id) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<pushed_body>> bodies_;
};

}  // namespace sluice::actors
