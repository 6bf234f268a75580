// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/command/arguments.hpp"
#include "http/command/outcome.hpp"

namespace sluice::command {

/// Does what the command line says, prints the outcome, and gives the exit status.
[[nodiscard]] outcome carry_out(const arguments& wanted);

/// Prints why something could not be done: words on standard error, with --json the service's own document on standard
/// output.
outcome report(const trouble& why, bool json);

}  // namespace sluice::command
