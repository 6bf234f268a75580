// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "actors/bandwidth/gate.hpp"
#include "actors/conversion/conversion.hpp"
#include "actors/verification/sandbox/sandbox_runner.hpp"
#include "persistence/blob_store.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// `qemu-img convert` in the sandbox: both formats are said and none is probed, the image and what is made of it are
/// all it can open. One image at a time, by one thread of the lowest priority, which then reads back what was made: its
/// digests, and whether it is what it should be. A disk may hold bytes at its beginning that make its raw form another
/// format.
class qemu_conversion final : public image_conversion {
 public:
  struct surroundings {
    verification::sandbox::sandbox_runner& sandbox;
    persistence::blob_store& blobs;
    const gate& before = gate::always_open();
    schemas::verify_configuration verify;
    schemas::digests_configuration digests;
  };

  /// What is referred to outlives this.
  explicit qemu_conversion(surroundings around);
  /// What runs or waits ends as cancelled.
  ~qemu_conversion() override;

  [[nodiscard]] schemas::result<std::string> target_of(const std::string& disk_format,
                                                       const std::string& asked) const override;
  void start(conversion_request request, std::shared_ptr<import_progress> progress,
             std::function<void(conversion_outcome)> on_end) override;
  void cancel(const std::string& import_id) override;

 private:
  struct task {
    conversion_request request;
    std::shared_ptr<import_progress> progress;
    std::function<void(conversion_outcome)> on_end;
    std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
  };
  class attempt;

  void live();

  const surroundings around_;
  std::mutex mutex_;
  std::condition_variable stirred_;
  std::deque<task> waiting_;                           ///< guarded
  std::string running_;                                ///< guarded: the import of the one in hand
  std::shared_ptr<std::atomic<bool>> running_cancel_;  ///< guarded
  bool stopping_ = false;                              ///< guarded
  std::thread thread_;
};

/// The command line; for tests.
[[nodiscard]] std::vector<std::string> conversion_command(const std::filesystem::path& program, const std::string& from,
                                                          const std::string& to, bool past_the_cache);
/// How much disk to promise before the first byte is written.
[[nodiscard]] std::uint64_t space_for(const conversion_request& request, std::uint64_t on_disk);

}  // namespace sluice::actors
