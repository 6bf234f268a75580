// SPDX-License-Identifier: Apache-2.0
// The command-line client: imports images, shows how that goes, fetches them back.
#include <clocale>
#include <csignal>
#include <cstdio>

#include "http/command/arguments.hpp"
#include "http/command/commands.hpp"

int main(int count, char** values) {
  using namespace sluice::command;
  std::setlocale(LC_ALL, "");
  // A reader that went away shows as a failed write, not as a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  const auto wanted = read_arguments(count, values);
  auto status = wanted ? carry_out(*wanted) : report(wanted.error(), false);
  if (std::fflush(stdout) != 0 && status == outcome::success)
    status = outcome::import_failed;
  return static_cast<int>(status);
}
