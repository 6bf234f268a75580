// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

/// Tokens that callers lend to one import each, to read what is theirs from the cloud's object store or image service.
/// Guarantee: they are held in memory alone and bounded in number and time, each may go to one origin only, and
/// what stands for one in a record (its handle) is worth nothing outside this process. After a restart they are gone:
/// the import then asks without.
class caller_tokens {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t most = 4096;  ///< kept at once; the one that would end first makes room

  struct lent {
    std::string token;
    std::string origin;  ///< as `schemas::location::origin` has it: the only one that may see the token
  };

  /// Keeps `token` until `until`; gives its handle, which nobody can guess.
  [[nodiscard]] std::string keep(std::string token, std::string origin, clock::time_point until);
  /// Empty when it was never kept, or its time is over.
  [[nodiscard]] std::optional<lent> find(std::string_view handle) const;

 private:
  struct entry {
    lent what;
    clock::time_point until;
  };
  mutable std::mutex mutex_;
  std::map<std::string, entry, std::less<>> kept_;  ///< guarded
};

}  // namespace sluice::http
