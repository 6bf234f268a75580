// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/lmdb.hpp"

#include <lmdb.h>

#include <cerrno>

namespace sluice::persistence::lmdb {
namespace {

constexpr unsigned int most_databases = 16;
constexpr unsigned int most_readers = 1024;
constexpr std::uint64_t least_map_bytes = std::uint64_t{256} << 20;

MDB_val to_value(std::string_view bytes) noexcept {
  return {bytes.size(), const_cast<char*>(bytes.data())};  // NOLINT: LMDB does not write to what it is given
}

std::string_view to_view(const MDB_val& value) noexcept {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

void check(int code, const char* during) {
  if (code != MDB_SUCCESS)
    throw storage_fault{code, during};
}

/// Each thread begins its search for an idle reader elsewhere, so that threads seldom meet.
std::size_t slot_of_this_thread() noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

schemas::failure explain_open(int code) {
  using schemas::error_code;
  switch (code) {
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
      return {error_code::store_failed,
              "The record file is not a database this version can read, or it is damaged. "
              "Restore it from a backup, or move it away to start empty."};
    case EACCES:
    case EPERM:
    case EROFS:
      return {error_code::store_failed,
              "The record file cannot be opened for writing. "
              "Give the service's user the data directory, and write access to it."};
    case ENOSPC: return {error_code::disk_full, "The disk is full: the record file cannot be made. Free some space."};
    default:
      return {error_code::store_failed, std::string{"The record file cannot be opened: "} + mdb_strerror(code) + "."};
  }
}

}  // namespace

storage_fault::storage_fault(int code, const char* during)
    : std::runtime_error{std::string{"record store: "} + during + ": " + mdb_strerror(code)}, code_{code} {}

schemas::failure storage_fault::explain() const {
  using schemas::error_code;
  switch (code_) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT: return {error_code::disk_full, "There is no room left for records. Free disk space, then try again."};
    case MDB_PANIC:
      return {error_code::store_failed,
              "The record store stopped after an earlier write error. Mend the disk, then restart the service."};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND: return {error_code::store_failed, "The record file is damaged. Restore it from a backup."};
    case EIO:
      return {error_code::store_failed,
              "The disk reported an input/output error. Check the disk, then restart the service."};
    default: return {error_code::store_failed, std::string{"The record store failed: "} + mdb_strerror(code_) + "."};
  }
}

std::optional<std::string_view> transaction::get(database where, std::string_view key) const {
  if (key.empty() || key.size() > 511)
    return std::nullopt;
  auto wanted = to_value(key);
  MDB_val found{};
  const auto code = mdb_get(handle_, where, &wanted, &found);
  if (code == MDB_NOTFOUND)
    return std::nullopt;
  check(code, "reading a record");
  return to_view(found);
}

cursor::cursor(const transaction& within, database where) {
  check(mdb_cursor_open(within.native_handle(), where, &handle_), "opening a cursor");
}

cursor::~cursor() {
  if (handle_)
    mdb_cursor_close(handle_);
}

bool cursor::move(int operation) {
  MDB_val key{};
  MDB_val value{};
  const auto code = mdb_cursor_get(handle_, &key, &value, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND)
    return false;
  check(code, "walking an index");
  key_ = to_view(key);
  value_ = to_view(value);
  return true;
}

bool cursor::seek(std::string_view wanted) {
  auto key = to_value(wanted);
  MDB_val value{};
  const auto code = mdb_cursor_get(handle_, &key, &value, MDB_SET_RANGE);
  if (code == MDB_NOTFOUND)
    return false;
  check(code, "searching an index");
  key_ = to_view(key);
  value_ = to_view(value);
  return true;
}

bool cursor::first() {
  return move(MDB_FIRST);
}
bool cursor::last() {
  return move(MDB_LAST);
}
bool cursor::next() {
  return move(MDB_NEXT);
}
bool cursor::previous() {
  return move(MDB_PREV);
}

read_transaction::~read_transaction() {
  if (handle_)
    owner_->give_back(handle_);
}

write_transaction::~write_transaction() {
  if (handle_)
    mdb_txn_abort(handle_);
}

database write_transaction::open_database(const char* name) {
  database opened = 0;
  check(mdb_dbi_open(handle_, name, MDB_CREATE, &opened), "opening a table");
  return opened;
}

void write_transaction::put(database where, std::string_view key, std::string_view value) {
  auto key_value = to_value(key);
  auto data = to_value(value);
  check(mdb_put(handle_, where, &key_value, &data, 0), "writing a record");
}

bool write_transaction::erase(database where, std::string_view key) {
  if (key.empty() || key.size() > 511)
    return false;
  auto key_value = to_value(key);
  const auto code = mdb_del(handle_, where, &key_value, nullptr);
  if (code == MDB_NOTFOUND)
    return false;
  check(code, "erasing a record");
  return true;
}

void write_transaction::commit() {
  // The handle is gone afterwards, whatever the outcome.
  check(mdb_txn_commit(std::exchange(handle_, nullptr)), "committing");
}

schemas::result<std::unique_ptr<environment>> environment::open(const std::filesystem::path& file,
                                                                std::uint64_t map_bytes) {
  for (auto size = map_bytes;; size /= 4) {
    MDB_env* handle = nullptr;
    if (const auto code = mdb_env_create(&handle); code != MDB_SUCCESS)
      return schemas::unexpected{explain_open(code)};
    std::unique_ptr<environment> opened{new environment{handle}};
    mdb_env_set_maxdbs(handle, most_databases);
    mdb_env_set_maxreaders(handle, most_readers);
    mdb_env_set_mapsize(handle, static_cast<std::size_t>(size));
    const auto code = mdb_env_open(handle, file.c_str(), MDB_NOSUBDIR | MDB_NOTLS, 0600);
    if (code == MDB_SUCCESS) {
      mdb_reader_check(handle, nullptr);
      return opened;
    }
    // A process under a limit of address space gets a smaller map.
    if (code != ENOMEM || size / 4 < least_map_bytes)
      return schemas::unexpected{explain_open(code)};
  }
}

environment::~environment() {
  for (auto& place : idle_readers_)
    if (auto* reader = place.idle.exchange(nullptr))
      mdb_txn_abort(reader);
  mdb_env_close(handle_);
}

read_transaction environment::read() const {
  const auto start = slot_of_this_thread();
  for (std::size_t step = 0; step < idle_readers_.size(); ++step) {
    auto& idle = idle_readers_[(start + step) % idle_readers_.size()].idle;
    if (!idle.load(std::memory_order_relaxed))
      continue;
    if (auto* reader = idle.exchange(nullptr, std::memory_order_acquire)) {
      if (mdb_txn_renew(reader) == MDB_SUCCESS)
        return read_transaction{*this, reader};
      mdb_txn_abort(reader);
    }
  }
  MDB_txn* reader = nullptr;
  check(mdb_txn_begin(handle_, nullptr, MDB_RDONLY, &reader), "beginning to read");
  return read_transaction{*this, reader};
}

void environment::give_back(MDB_txn* reader) const noexcept {
  mdb_txn_reset(reader);
  const auto start = slot_of_this_thread();
  for (std::size_t step = 0; step < idle_readers_.size(); ++step) {
    MDB_txn* none = nullptr;
    if (idle_readers_[(start + step) % idle_readers_.size()].idle.compare_exchange_strong(none, reader,
                                                                                          std::memory_order_release))
      return;
  }
  mdb_txn_abort(reader);
}

write_transaction environment::write() {
  MDB_txn* writer = nullptr;
  check(mdb_txn_begin(handle_, nullptr, 0, &writer), "beginning to write");
  return write_transaction{writer};
}

}  // namespace sluice::persistence::lmdb
