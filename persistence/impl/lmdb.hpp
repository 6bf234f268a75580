// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "schemas/failure.hpp"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

/// LMDB with owners for its handles, bytes as string_view, and readers that cost no lock. lmdb.h itself is included in
/// lmdb.cpp alone. Private to persistence/.
namespace sluice::persistence::lmdb {

/// The environment itself failed (disk full, I/O error, damaged pages); never "this key is not there".
class storage_fault : public std::runtime_error {
 public:
  storage_fault(int code, const char* during);
  [[nodiscard]] int code() const noexcept { return code_; }
  /// disk_full or store_failed, in words for a person, without paths.
  [[nodiscard]] schemas::failure explain() const;

 private:
  int code_;
};

using database = unsigned int;  ///< MDB_dbi

/// What reading and writing transactions share: reading. Views live as long as the transaction and, in a
/// writing one, until its next change.
class transaction {
 public:
  [[nodiscard]] std::optional<std::string_view> get(database where, std::string_view key) const;
  [[nodiscard]] MDB_txn* native_handle() const noexcept { return handle_; }

 protected:
  explicit transaction(MDB_txn* handle) noexcept : handle_{handle} {}
  transaction(transaction&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
  ~transaction() = default;
  MDB_txn* handle_;
};

/// Rows of one database in key order. Outlived by its transaction.
class cursor {
 public:
  cursor(const transaction& within, database where);
  cursor(cursor&& other) noexcept
      : handle_{std::exchange(other.handle_, nullptr)}, key_{other.key_}, value_{other.value_} {}
  cursor& operator=(cursor&&) = delete;
  ~cursor();

  // Each says whether it stands on a row afterwards.
  bool seek(std::string_view key);  ///< first row whose key is `key` or greater
  bool first();
  bool last();
  bool next();
  bool previous();
  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] std::string_view value() const noexcept { return value_; }

 private:
  bool move(int operation);
  MDB_cursor* handle_ = nullptr;
  std::string_view key_, value_;
};

class environment;

/// A snapshot. Short-lived: one call, one snapshot. Its reader slot goes back to the pool.
class read_transaction : public transaction {
 public:
  read_transaction(read_transaction&&) noexcept = default;
  read_transaction& operator=(read_transaction&&) = delete;
  ~read_transaction();

 private:
  friend class environment;
  read_transaction(const environment& owner, MDB_txn* handle) noexcept : transaction{handle}, owner_{&owner} {}
  const environment* owner_;
};

/// All or nothing; what is not committed is rolled back. One at a time, on one thread.
class write_transaction : public transaction {
 public:
  write_transaction(write_transaction&&) noexcept = default;
  write_transaction& operator=(write_transaction&&) = delete;
  ~write_transaction();

  [[nodiscard]] database open_database(const char* name);  ///< created when absent
  void put(database where, std::string_view key, std::string_view value);
  bool erase(database where, std::string_view key);  ///< whether it was there
  void commit();                                     ///< durable when it returns

 private:
  friend class environment;
  using transaction::transaction;
};

/// One database file, opened once per process. Reading transactions are renewed from a pool of lock-free slots, so that
/// a read takes no lock at all once the pool is warm.
class environment {
 public:
  /// `file` and `file`-lock, 0600. `map_bytes`: address space kept for the file, not disk; less is taken where the
  /// process may not have so much. Slots of readers that died are freed.
  [[nodiscard]] static schemas::result<std::unique_ptr<environment>> open(const std::filesystem::path& file,
                                                                          std::uint64_t map_bytes);
  ~environment();
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

  [[nodiscard]] read_transaction read() const;
  [[nodiscard]] write_transaction write();

 private:
  friend class read_transaction;
  explicit environment(MDB_env* handle) noexcept : handle_{handle} {}
  void give_back(MDB_txn* reader) const noexcept;

  struct alignas(64) slot {
    std::atomic<MDB_txn*> idle{nullptr};
  };
  MDB_env* handle_;
  mutable std::array<slot, 64> idle_readers_;
};

}  // namespace sluice::persistence::lmdb
