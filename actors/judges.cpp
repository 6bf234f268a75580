// SPDX-License-Identifier: Apache-2.0
#include "actors/judges.hpp"

#include <algorithm>
#include <thread>

#include "actors/verification/checks/clamav_check.hpp"
#include "actors/verification/checks/command_check.hpp"
#include "actors/verification/checks/structure_check.hpp"

namespace sluice::actors {
namespace {

/// One child more than images are judged at once: a conversion takes long, and nobody is to wait for it.
std::unique_ptr<verification::sandbox::process_sandbox> sandbox_for(unsigned at_once) {
  verification::sandbox::sandbox_options options;
  options.most_running = at_once + 1;
  return std::make_unique<verification::sandbox::process_sandbox>(options);
}

}  // namespace

judges::judges(const schemas::configuration& configuration, const persistence::record_store& records,
               persistence::blob_store& blobs, const gate& before, const wall_clock& clock, service_metrics& metrics)
    : verify_{configuration.verify},
      records_{records},
      blobs_{blobs},
      clock_{clock},
      metrics_{metrics},
      at_once_{std::max(1U, std::thread::hardware_concurrency())},
      sandbox_{sandbox_for(at_once_)} {
  checks_.push_back(std::make_unique<structure_check>(*sandbox_, verify_));
  for (const auto& command : verify_.commands)
    checks_.push_back(std::make_unique<command_check>(*sandbox_, command));
  if (!verify_.clamav.socket.empty())
    checks_.push_back(std::make_unique<clamav_check>(verify_.clamav, before));
  examiner_ = std::make_unique<stored_image_examiner>(
      stored_image_examiner::surroundings{records_, blobs_, *checks_.front(), before, metrics_});
  conversion_ = std::make_unique<qemu_conversion>(
      qemu_conversion::surroundings{*sandbox_, blobs_, before, verify_, configuration.digests});
}

judges::~judges() {
  // Their threads wait for children of the sandbox, which end when it does.
  conversion_.reset();
  examiner_.reset();
  sandbox_.reset();
}

verification_surroundings judges::judging() const {
  verification_surroundings judging{blobs_, {}, at_once_, metrics_};
  for (const auto& each : checks_)
    judging.checks.push_back(each.get());
  return judging;
}

reverification_surroundings judges::judging_again() const {
  return {*examiner_, records_, clock_, metrics_, verify_.quarantine};
}

std::vector<std::string> judges::check_names() const {
  std::vector<std::string> names;
  for (const auto& each : checks_)
    names.emplace_back(each->name());
  return names;
}

}  // namespace sluice::actors
