// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/verification/formats/bytes.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification::packaging {

struct tar_member {
  std::string name;        ///< plain (is_plain_name), and not used before in this archive
  std::uint64_t size = 0;  ///< bytes of content
};

/// What happens with the members of an archive. A refusal by any of these ends the reading and is what `feed` returns.
class tar_receiver {
 public:
  tar_receiver() = default;
  tar_receiver(const tar_receiver&) = delete;
  tar_receiver& operator=(const tar_receiver&) = delete;
  virtual ~tar_receiver() = default;

  [[nodiscard]] virtual schemas::result<void> begin_member(const tar_member& member) = 0;
  /// The content, in order, in pieces of any size; together exactly `size` bytes.
  [[nodiscard]] virtual schemas::result<void> take_content(formats::bytes_view piece) = 0;
  [[nodiscard]] virtual schemas::result<void> end_member() = 0;
};

/// Reads a tar archive (POSIX.1-2017 pax, section "pax Interchange Format" and "ustar Interchange Format") while it
/// streams by, as an OVA is one.
///
/// Guarantees: constant memory but for the names (at most 1000 members); every header's checksum is right; only regular
/// files with plain names, each once; no link, folder, device, sparse file or long name of GNU's; sizes in octal, in
/// GNU's binary form or in a pax record, below 2^62. Every refusal is `unpacking_failed`, or `image_truncated` when
/// the archive ends too early.
class tar_reader {
 public:
  explicit tar_reader(tar_receiver& receiver) noexcept : receiver_{receiver} {}

  [[nodiscard]] schemas::result<void> feed(formats::bytes_view piece);
  /// After the last byte.
  [[nodiscard]] schemas::result<void> finish() const;

 private:
  enum class state : std::uint8_t { header, content, extension, padding, ended };

  [[nodiscard]] schemas::result<void> read_header();
  [[nodiscard]] schemas::result<void> begin_extension(std::uint64_t size);
  [[nodiscard]] schemas::result<void> read_extension();
  [[nodiscard]] schemas::result<void> begin_file(std::uint64_t size);
  [[nodiscard]] schemas::result<void> end_content();
  void pad(std::uint64_t size) noexcept;

  tar_receiver& receiver_;
  state state_ = state::header;
  std::vector<std::byte> block_;  ///< the header so far, or the pax records
  std::uint64_t left_ = 0;        ///< bytes of content or padding still to come
  std::uint64_t padding_ = 0;
  bool global_ = false;  ///< the pax records are for all members
  std::optional<std::string> extended_name_;
  std::optional<std::uint64_t> extended_size_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace sluice::actors::verification::packaging
