// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "actors/verification/sandbox/keeper.hpp"
#include "actors/verification/structure/walk.hpp"
#include "schemas/failure.hpp"

/// The structure walk as a function of the sandbox: how it is asked, what it does in its process, how it answers.
namespace sluice::actors::verification::sandbox {

inline constexpr std::string_view walk_function = "walk";

/// What the child is told.
[[nodiscard]] std::string encode_walk(std::string_view disk_format, const structure::walk_policy& policy);
/// What it does: reads descriptor `image` and nothing else, and returns a report.
[[nodiscard]] std::string walk_image(int image, std::string_view input);
/// What OpenSSL does at its first digest, it does here: it reads a configuration file, which a child could not.
void prepare_walks();
/// What it said, read as the words of a process that hostile bytes may have taken over: capped, one line each, codes
/// only those that a walk can give. A failure is the walk's refusal; verifier_failed when the report is none.
[[nodiscard]] schemas::result<structure::walk_findings> decode_walk_report(std::string_view report);

/// What the service's own keeper can do.
[[nodiscard]] std::span<const built_in> built_in_functions() noexcept;

}  // namespace sluice::actors::verification::sandbox
