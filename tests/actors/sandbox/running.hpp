// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "actors/verification/sandbox/process_sandbox.hpp"

namespace sluice::tests {

/// A deadline of tests, never a time to wait.
inline constexpr std::chrono::seconds patience{60};

/// An open file of these bytes.
inline persistence::unique_fd file_of(std::string_view bytes) {
  persistence::unique_fd file{::memfd_create("image", MFD_CLOEXEC)};
  REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return file;
}

inline actors::verification::sandbox::sandbox_job job_of(std::string function, std::string input = {}) {
  actors::verification::sandbox::sandbox_job job;
  job.built_in = std::move(function);
  job.input = std::move(input);
  job.image = file_of("the bytes of an image");
  return job;
}

/// One job on its way.
class pending_job {
 public:
  pending_job(actors::verification::sandbox::sandbox_runner& sandbox, actors::verification::sandbox::sandbox_job job) {
    auto promise = std::make_shared<std::promise<actors::verification::sandbox::sandbox_outcome>>();
    outcome_ = promise->get_future();
    ticket_ = sandbox.run(std::move(job), [promise](auto outcome) { promise->set_value(std::move(outcome)); });
  }
  [[nodiscard]] actors::verification::sandbox::sandbox_ticket ticket() const { return ticket_; }
  [[nodiscard]] bool has_ended() const {
    return outcome_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }
  [[nodiscard]] actors::verification::sandbox::sandbox_outcome outcome() {
    REQUIRE(outcome_.wait_for(patience) == std::future_status::ready);
    return outcome_.get();
  }

 private:
  std::future<actors::verification::sandbox::sandbox_outcome> outcome_;
  actors::verification::sandbox::sandbox_ticket ticket_ = 0;
};

inline actors::verification::sandbox::sandbox_outcome outcome_of(actors::verification::sandbox::sandbox_runner& sandbox,
                                                                 actors::verification::sandbox::sandbox_job job) {
  return pending_job{sandbox, std::move(job)}.outcome();
}

}  // namespace sluice::tests
