// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "actors/bandwidth/gate.hpp"
#include "actors/bandwidth/isolation.hpp"
#include "actors/ports.hpp"
#include "actors/verification/signatures/trusted_authorities.hpp"
#include "schemas/configuration.hpp"

namespace sluice::actors {

/// What the operator and the machine say about moving bytes.
struct pipeline_options {
  schemas::imports_configuration imports;
  schemas::verify_configuration verify;
  schemas::digests_configuration digests;

  certificate_source* certificates = nullptr;  ///< of those who sign images; outlives the pipeline. Null = none known
  /// Whom those certificates must descend from; null = they are trusted as they are.
  std::shared_ptr<const verification::trusted_authorities> authorities;

  std::size_t blocks = 0;       ///< in the pool; 0 = max(64, 2 · max_running)
  unsigned digest_threads = 0;  ///< 0 = as many as cores
  std::chrono::milliseconds retry_base{500};
  std::chrono::milliseconds retry_cap{30'000};
  std::chrono::milliseconds checkpoint_interval{1000};
  isolation protections;
  const gate* before = nullptr;                  ///< what every block passes; outlives the pipeline. Null = always open
  std::chrono::milliseconds stop_grace{10'000};  ///< how long `shutdown` waits for runs to end

  [[nodiscard]] const gate& entrance() const noexcept { return before != nullptr ? *before : gate::always_open(); }
  [[nodiscard]] std::size_t pool_size() const noexcept {
    return blocks > 0 ? blocks : std::max<std::size_t>(64, std::size_t{2} * imports.max_running);
  }
  /// How many of them one import may hold.
  [[nodiscard]] std::size_t blocks_per_import() const noexcept {
    const auto share = pool_size() / std::max<std::size_t>(1, imports.max_running);
    return std::max<std::size_t>(2, std::min<std::size_t>(8, share));
  }
};

}  // namespace sluice::actors
