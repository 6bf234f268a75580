// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schemas/configuration.hpp"
#include "schemas/failure.hpp"

namespace sluice::actors::verification {

/// What the operator allows and the user declared.
struct inspection_policy {
  schemas::raw_policy raw = schemas::raw_policy::recognised;
  std::vector<std::string> formats;  ///< `[verify] formats`
  std::uint64_t max_virtual_size = 0;
  bool accept_encrypted_raw = false;           ///< a LUKS volume declared raw is a raw disk, encrypted as a whole
  std::optional<std::string> declared_format;  ///< compared with the content, never believed
};

struct inspection_verdict {
  std::string disk_format;
  std::uint64_t virtual_size = 0;

  friend bool operator==(const inspection_verdict&, const inspection_verdict&) = default;
};

/// Judges an image while its bytes pass, in chunks of any size, once and in order. Every detector sees every byte
/// (front and tail), so a file that is two formats at once is refused; nothing outside the bytes is ever opened.
/// Memory is bounded (a few hundred KiB) whatever the headers claim.
class stream_inspection {
 public:
  explicit stream_inspection(inspection_policy policy);
  ~stream_inspection();
  stream_inspection(stream_inspection&&) noexcept;
  stream_inspection& operator=(stream_inspection&&) noexcept;

  /// The length, when the source announced it: lets "larger than its file" be found early.
  void announce_total(std::uint64_t bytes);
  /// Refuses at the first byte that proves the bits wrong. After a refusal nothing more is fed.
  [[nodiscard]] schemas::result<void> feed(std::span<const std::byte> chunk);
  /// True once bits that are no image at all would have been refused: at most 1 MiB in.
  [[nodiscard]] bool front_decided() const noexcept;
  /// After the last byte.
  [[nodiscard]] schemas::result<inspection_verdict> finish();

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace sluice::actors::verification
