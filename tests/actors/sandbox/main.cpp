// SPDX-License-Identifier: Apache-2.0
// The tests are their own keeper, as the service is: the same program, started again.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "actors/verification/sandbox/keeper.hpp"
#include "tests/actors/sandbox/hostile_functions.hpp"

int main(int argc, char** argv) {
  if (sluice::actors::verification::sandbox::is_keeper(argc, argv))
    return sluice::actors::verification::sandbox::keep(sluice::tests::hostile_functions());
  return Catch::Session().run(argc, argv);
}
