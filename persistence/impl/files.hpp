// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "persistence/unique_fd.hpp"
#include "schemas/failure.hpp"

/// Small rules about files that the stores share. Private to persistence/.
namespace sluice::persistence {

/// disk_full for a full disk or quota, store_failed for the rest. `doing` completes "While … the disk reported: …".
[[nodiscard]] schemas::failure explain_errno(int error, std::string_view doing);

/// Opens a directory, made 0700 when absent; an existing one that others may enter is closed to them.
[[nodiscard]] schemas::result<unique_fd> open_private_directory(const std::filesystem::path& path);
/// The same for `name` directly below `parent`, which must not be a symbolic link.
[[nodiscard]] schemas::result<unique_fd> open_private_directory(const unique_fd& parent, const char* name);

/// 8-4-4-4-12 lower-case hexadecimal digits (RFC 4122 section 3): the only names the stores give to files.
[[nodiscard]] bool is_file_id(std::string_view name) noexcept;
/// One name inside a directory: not empty, not "." or "..", without "/" and NUL, at most 255 bytes.
[[nodiscard]] bool is_plain_name(std::string_view name) noexcept;

}  // namespace sluice::persistence
