// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "actors/bandwidth/gate.hpp"
#include "persistence/unique_fd.hpp"
#include "schemas/failure.hpp"

/// One part of a file through clamd's stream protocol (clamd(8), INSTREAM): a command, chunks with their length in
/// front, an empty chunk, one line as the answer.
namespace sluice::actors {

struct clamd_answer {
  enum class kind : std::uint8_t {
    clean,
    found,
    too_long,  ///< more than clamd's StreamMaxLength
    broken,    ///< clamd says that something went wrong, or something that is no answer
  };
  kind what = kind::broken;
  std::string words;  ///< the signature's name, or what clamd said; one line, capped
};

/// "stream: Eicar-Test-Signature FOUND" and its like, without the zero at its end.
[[nodiscard]] clamd_answer read_clamd_answer(std::string_view line);

struct clamd_part {
  std::string socket;  ///< a path, or a literal address and port
  int file = -1;       ///< open for reading
  std::uint64_t offset = 0, length = 0;
  std::chrono::milliseconds patience{60'000};  ///< the longest that clamd may keep us waiting, by the clock
  int wake = -1;                               ///< readable when `stopped` is worth another look
  const gate& before;                          ///< passed before each chunk is read
  std::function<bool()> stopped;
};

/// Sends the part and waits for the answer. Fails as `verifier_failed` when clamd cannot be reached, does not answer in
/// time or hangs up; `cancelled` once `stopped`; `store_failed` when the file cannot be read.
[[nodiscard]] schemas::result<clamd_answer> ask_clamd(const clamd_part& part);

}  // namespace sluice::actors
