// SPDX-License-Identifier: Apache-2.0
#include "persistence/impl/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

namespace sluice::persistence {
namespace {

using schemas::error_code;
using schemas::result;

constexpr mode_t owner_only = 0700;

result<unique_fd> close_to_others(unique_fd directory) {
  struct stat facts {};
  if (::fstat(directory.get(), &facts) != 0)
    return schemas::unexpected{explain_errno(errno, "looking at a data directory")};
  if ((facts.st_mode & 0077) != 0 && ::fchmod(directory.get(), owner_only) != 0)
    return schemas::refuse(error_code::store_failed,
                           "A data directory is open to other users and cannot be closed to them. "
                           "Give it to the service's user, with mode 0700.");
  return directory;
}

}  // namespace

schemas::failure explain_errno(int error, std::string_view doing) {
  if (error == ENOSPC || error == EDQUOT)
    return {error_code::disk_full, "The disk is full. Free some space, then try again."};
  return {error_code::store_failed,
          "While " + std::string{doing} + " the disk reported: " + std::generic_category().message(error) + "."};
}

result<unique_fd> open_private_directory(const std::filesystem::path& path) {
  std::error_code error;
  const auto parent = path.parent_path();
  if (!parent.empty())
    std::filesystem::create_directories(parent, error);
  if (error)
    return schemas::unexpected{explain_errno(error.value(), "making the data directory")};
  if (::mkdir(path.c_str(), owner_only) != 0 && errno != EEXIST)
    return schemas::unexpected{explain_errno(errno, "making the data directory")};
  unique_fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory)
    return schemas::unexpected{explain_errno(errno, "opening the data directory")};
  return close_to_others(std::move(directory));
}

result<unique_fd> open_private_directory(const unique_fd& parent, const char* name) {
  if (::mkdirat(parent.get(), name, owner_only) != 0 && errno != EEXIST)
    return schemas::unexpected{explain_errno(errno, "making a data directory")};
  unique_fd directory{::openat(parent.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory && (errno == ELOOP || errno == ENOTDIR))
    return schemas::refuse(error_code::store_failed, std::string{"In the data directory, \""} + name +
                                                         "\" must be a directory itself, not a link or a file.");
  if (!directory)
    return schemas::unexpected{explain_errno(errno, "opening a data directory")};
  return close_to_others(std::move(directory));
}

bool is_file_id(std::string_view name) noexcept {
  constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(name.begin(), name.end(), shape.begin(), shape.end(), [](char character, char kind) {
    return kind == '-' ? character == '-'
                       : (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
  });
}

bool is_plain_name(std::string_view name) noexcept {
  constexpr std::string_view forbidden{"/\0", 2};
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find_first_of(forbidden) == std::string_view::npos;
}

}  // namespace sluice::persistence
