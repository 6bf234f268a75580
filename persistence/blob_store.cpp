// SPDX-License-Identifier: Apache-2.0
#include "persistence/blob_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <spdlog/spdlog.h>

#include "persistence/impl/files.hpp"

namespace sluice::persistence {
namespace {

using schemas::error_code;
using schemas::result;

constexpr int safely = O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t owner_writes = 0600;
constexpr mode_t owner_reads = 0400;

result<void> check_file_id(std::string_view id) {
  if (is_file_id(id))
    return {};
  return schemas::refuse(error_code::internal_error,
                         "Files are named by ids of 36 lower-case hexadecimal digits and hyphens; this is none.");
}

/// Only regular files are images, whatever lies in the directory.
result<void> check_regular(const unique_fd& file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0)
    return schemas::unexpected{explain_errno(errno, "looking at an image")};
  if (!S_ISREG(facts.st_mode))
    return schemas::refuse(error_code::store_failed, "In place of an image lies something that is not a file.");
  return {};
}

/// Opens a regular file; not_found when absent.
result<unique_fd> open_file(const unique_fd& directory, std::string_view id, int flags) {
  unique_fd file{::openat(directory.get(), std::string{id}.c_str(), flags | safely | O_NONBLOCK)};
  if (!file && errno == ENOENT)
    return schemas::refuse(error_code::not_found, "No file of this id is in the store.");
  if (!file && (errno == ELOOP || errno == ENXIO))
    return schemas::refuse(error_code::store_failed, "In place of an image lies something that is not a file.");
  if (!file)
    return schemas::unexpected{explain_errno(errno, "opening an image")};
  if (auto regular = check_regular(file); !regular)
    return schemas::unexpected{std::move(regular.error())};
  return file;
}

/// Sets O_DIRECT where the filesystem has it.
bool bypass_cache(const unique_fd& file) {
  const auto flags = ::fcntl(file.get(), F_GETFL);
  return flags >= 0 && ::fcntl(file.get(), F_SETFL, flags | O_DIRECT) == 0;
}

result<void> make_durable(const unique_fd& directory) {
  while (::fsync(directory.get()) != 0)
    if (errno != EINTR)
      return schemas::unexpected{explain_errno(errno, "publishing an image")};
  return {};
}

int rename_without_replacing(const unique_fd& from, const char* old_name, const unique_fd& to, const char* new_name) {
  if (::renameat2(from.get(), old_name, to.get(), new_name, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  // A filesystem without that flag. The store is one process's own, so a look beforehand is as good.
  if (::faccessat(to.get(), new_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return EEXIST;
  return ::renameat(from.get(), old_name, to.get(), new_name) == 0 ? 0 : errno;
}

result<void> remove_file(const unique_fd& directory, std::string_view name) {
  if (!is_plain_name(name))
    return schemas::refuse(error_code::internal_error, "Only a plain file name can be removed from the store.");
  if (::unlinkat(directory.get(), std::string{name}.c_str(), 0) != 0 && errno != ENOENT)
    return schemas::unexpected{explain_errno(errno, "removing an image")};
  return {};
}

bool is_directory(int parent, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN)
    return entry.d_type == DT_DIR;
  struct stat facts {};
  return ::fstatat(parent, entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode);
}

std::vector<std::string> names_in(const unique_fd& directory) {
  std::vector<std::string> names;
  unique_fd own{::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  auto* const listing = own ? ::fdopendir(own.get()) : nullptr;
  if (!listing) {
    spdlog::error("persistence: event=unreadable-directory why=\"{}\"", explain_errno(errno, "listing files").message);
    return names;
  }
  const auto descriptor = own.release();
  while (const auto* entry = ::readdir(listing))
    if (!is_directory(descriptor, *entry))
      names.emplace_back(entry->d_name);
  ::closedir(listing);
  return names;
}

/// One process at a time: two would sweep away each other's staged files. A record lock ends with its process and is
/// not inherited by children, whatever they keep open.
result<unique_fd> lock_directory(const unique_fd& data_dir) {
  unique_fd file{::openat(data_dir.get(), "lock", O_RDWR | O_CREAT | safely, owner_writes)};
  if (!file)
    return schemas::unexpected{explain_errno(errno, "locking the data directory")};
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_SETLK, &whole) == 0)
    return file;
  if (errno == EACCES || errno == EAGAIN)
    return schemas::refuse(error_code::store_failed,
                           "Another process serves from this data directory. Stop it first, or choose another one.");
  return schemas::unexpected{explain_errno(errno, "locking the data directory")};
}

}  // namespace

blob_store::~blob_store() = default;

result<std::unique_ptr<blob_store>> blob_store::open(const std::filesystem::path& data_dir, std::uint64_t floor) {
  auto parent = open_private_directory(data_dir);
  if (!parent)
    return schemas::unexpected{std::move(parent.error())};
  auto lock = lock_directory(*parent);
  if (!lock)
    return schemas::unexpected{std::move(lock.error())};
  auto staging = open_private_directory(*parent, "staging");
  if (!staging)
    return schemas::unexpected{std::move(staging.error())};
  auto images = open_private_directory(*parent, "images");
  if (!images)
    return schemas::unexpected{std::move(images.error())};
  struct stat staging_facts {
  }, images_facts{};
  if (::fstat(staging->get(), &staging_facts) != 0 || ::fstat(images->get(), &images_facts) != 0)
    return schemas::unexpected{explain_errno(errno, "looking at a data directory")};
  if (staging_facts.st_dev != images_facts.st_dev)
    return schemas::refuse(error_code::store_failed,
                           "\"staging\" and \"images\" must lie on one filesystem: images move from one to the other.");
  std::unique_ptr<blob_store> store{new blob_store};
  store->lock_ = std::move(*lock);
  store->staging_ = std::move(*staging);
  store->images_ = std::move(*images);
  store->floor_ = floor;
  return store;
}

result<staged_file> blob_store::create_staged(std::string_view import_id) {
  if (auto valid = check_file_id(import_id); !valid)
    return schemas::unexpected{std::move(valid.error())};
  unique_fd file{
      ::openat(staging_.get(), std::string{import_id}.c_str(), O_RDWR | O_CREAT | O_EXCL | safely, owner_writes)};
  if (!file && errno == EEXIST)
    return schemas::refuse(error_code::conflict, "A staged file of this import is there already.");
  if (!file)
    return schemas::unexpected{explain_errno(errno, "making a staged file")};
  const auto direct = bypass_cache(file);
  return staged_file{std::move(file), direct, 0};
}

result<staged_file> blob_store::open_staged(std::string_view import_id) {
  if (auto valid = check_file_id(import_id); !valid)
    return schemas::unexpected{std::move(valid.error())};
  // A publish that a crash cut short has made it read-only: give the write bit back first.
  auto reading = open_file(staging_, import_id, O_RDONLY);
  if (!reading)
    return schemas::unexpected{std::move(reading.error())};
  if (::fchmod(reading->get(), owner_writes) != 0)
    return schemas::unexpected{explain_errno(errno, "opening a staged file")};
  auto file = open_file(staging_, import_id, O_RDWR);
  if (!file)
    return schemas::unexpected{std::move(file.error())};
  struct stat facts {};
  if (::fstat(file->get(), &facts) != 0)
    return schemas::unexpected{explain_errno(errno, "looking at a staged file")};
  const auto direct = bypass_cache(*file);
  return staged_file{std::move(*file), direct, static_cast<std::uint64_t>(facts.st_size)};
}

result<unique_fd> blob_store::open_for_judging(std::string_view import_id, std::string_view image_id) const {
  for (const auto id : {import_id, image_id})
    if (auto valid = check_file_id(id); !valid)
      return schemas::unexpected{std::move(valid.error())};
  auto staged = open_file(staging_, import_id, O_RDONLY);
  return staged || staged.error().code != error_code::not_found ? std::move(staged)
                                                                : open_file(images_, image_id, O_RDONLY);
}

result<void> blob_store::publish(std::string_view import_id, std::string_view image_id) {
  for (const auto id : {import_id, image_id})
    if (auto valid = check_file_id(id); !valid)
      return valid;
  const auto file = open_file(staging_, import_id, O_RDONLY);
  if (file) {
    // fdatasync makes bytes and length durable; the mode is durable no later than the rename that follows it.
    while (::fdatasync(file->get()) != 0)
      if (errno != EINTR)
        return schemas::unexpected{explain_errno(errno, "publishing an image")};
    if (::fchmod(file->get(), owner_reads) != 0)
      return schemas::unexpected{explain_errno(errno, "publishing an image")};
    const auto error =
        rename_without_replacing(staging_, std::string{import_id}.c_str(), images_, std::string{image_id}.c_str());
    if (error == EEXIST)
      return schemas::refuse(error_code::store_failed,
                             "An image of this id is published already; it was not replaced.");
    if (error != 0)
      return schemas::unexpected{explain_errno(error, "publishing an image")};
  } else if (file.error().code != error_code::not_found) {
    return schemas::unexpected{file.error()};
  } else if (const auto published = open_file(images_, image_id, O_RDONLY); !published) {
    return schemas::unexpected{published.error()};
  }
  if (auto outcome = make_durable(images_); !outcome)
    return outcome;
  return make_durable(staging_);
}

result<unique_fd> blob_store::open_image(std::string_view image_id) const {
  if (!is_file_id(image_id))
    return schemas::refuse(error_code::not_found, "No file of this id is in the store.");
  return open_file(images_, image_id, O_RDONLY);
}

result<void> blob_store::remove_staged(std::string_view import_id) {
  return remove_file(staging_, import_id);
}
result<void> blob_store::remove_image(std::string_view image_id) {
  return remove_file(images_, image_id);
}

std::vector<std::string> blob_store::staged_ids() const {
  return names_in(staging_);
}

std::vector<std::string> blob_store::image_ids() const {
  auto names = names_in(images_);
  std::erase_if(names, [](const std::string& name) { return !is_file_id(name); });
  return names;
}

}  // namespace sluice::persistence
