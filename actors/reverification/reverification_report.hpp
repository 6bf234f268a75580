// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What has been found out about stored images by looking at them again; values that travel between actors.
namespace sluice::actors {

enum class reverification_state : std::uint8_t { idle, running, finished, cancelled };

/// `damaged`: the bytes are not those that were published, or their tables are not sound. `unknown`: it could not be
/// found out, and says nothing about the image. `gone`: deleted before its turn came, or meanwhile.
enum class examined_as : std::uint8_t { sound, damaged, unknown, gone };

/// What looking at one image has shown.
struct examination {
  examined_as as = examined_as::unknown;
  std::string message;  ///< a sentence; empty when sound or gone
};

/// The images to look at.
struct image_ids {
  std::vector<std::string> ids;
};

struct reverification_finding {
  std::string image_id;
  examined_as as = examined_as::unknown;  ///< damaged | unknown
  std::string message;                    ///< a sentence
  std::int64_t found_at = 0;              ///< microseconds since 1970, UTC
  bool quarantined = false;               ///< the image has been deactivated for it
};

/// Of the run in hand, or the last one; a service that starts has none.
struct reverification_report {
  /// More findings than these are counted, not kept.
  static constexpr std::size_t most_findings = 1000;

  reverification_state state = reverification_state::idle;
  std::string image_id;                       ///< the one image that was asked for; empty = all
  std::int64_t started_at = 0, ended_at = 0;  ///< microseconds since 1970, UTC; 0 = not yet
  std::uint64_t images = 0;                   ///< to look at in all; 0 while they are being listed
  std::uint64_t sound = 0, damaged = 0, unknown = 0, gone = 0;
  std::uint64_t bytes = 0;  ///< read back so far
  std::string current;      ///< the image in hand
  std::vector<reverification_finding> findings;
};

}  // namespace sluice::actors
