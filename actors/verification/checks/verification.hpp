// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schemas/check_result.hpp"
#include "schemas/failure.hpp"

/// What is said about judging one image; values that travel between actors.
namespace sluice::actors {

struct verification_request {
  std::string import_id;
  std::string image_id;
  std::string project_id;
  std::string disk_format;             ///< as detected while the bytes streamed
  std::uint64_t size = 0;              ///< bytes of the file
  std::uint64_t virtual_size = 0;      ///< bytes the guest sees, by the headers
  std::uint64_t max_virtual_size = 0;  ///< bytes; 0 is no limit
  bool converted = false;              ///< what is judged was made here, of bytes that have passed every check
};

/// What one check found.
struct check_report {
  schemas::check_verdict verdict = schemas::check_verdict::failed;
  schemas::failure why;              ///< unless it passed
  std::vector<std::string> remarks;  ///< sentences
  std::uint64_t virtual_size = 0;    ///< bytes the guest sees, exactly; 0 when this check does not know
  std::uint64_t allocated = 0;       ///< bytes of the guest's disk that the file holds data for; 0 when not known
  bool tolerated = false;            ///< `failed`, and the operator lets images in that this check could not judge
};

/// What all of them found: those that ran, up to the first that did not pass.
struct verification_report {
  schemas::failure why{schemas::error_code::none, ""};  ///< `none`: every check passed
  std::uint64_t virtual_size = 0;                       ///< 0 when no check knows
  std::uint64_t allocated = 0;                          ///< 0 when no check knows
  std::vector<schemas::check_result> checks;
};

}  // namespace sluice::actors
