// SPDX-License-Identifier: Apache-2.0
// What a question from an HTTP coroutine to an actor costs, there and back: threads change twice.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "actors/coroutines/ask.hpp"

namespace sluice::bench {
namespace {

struct configuration : caf::actor_system_config {
  configuration() {
    actors::register_messages(*this);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
  }
};

caf::behavior agreeable() {
  return {[](actors::done_atom) { return actors::done_atom_v; }};
}

boost::asio::awaitable<void> ask_once(caf::actor_system& system, caf::actor callee, int& answers) {
  const auto deadline = std::chrono::seconds{10};
  auto answer = co_await actors::ask<actors::done_atom>(system, callee, deadline, actors::done_atom_v);
  answers += answer.has_value() ? 1 : 0;  // the loop has one thread
}

void ask(benchmark::State& state) {
  configuration settings;
  caf::actor_system system{settings};
  const auto callee = system.spawn(agreeable);
  boost::asio::io_context loop;
  for (auto _ : state) {
    int answers = 0;
    for (std::int64_t i = 0; i < state.range(0); ++i)
      boost::asio::co_spawn(loop, ask_once(system, callee, answers), boost::asio::detached);
    loop.restart();
    loop.run();
    if (answers != state.range(0)) {
      state.SkipWithError("not every question was answered");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  caf::anon_send_exit(callee, caf::exit_reason::user_shutdown);
}
BENCHMARK(ask)->Arg(1)->Arg(64)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::bench
