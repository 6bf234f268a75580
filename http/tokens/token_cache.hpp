// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

#include "http/tokens/token_validator.hpp"

namespace sluice::http {

/// Verdicts on tokens, the least recently used forgotten first. Refusals have a shelf of their own, so that made-up
/// tokens cannot push out those that are in use. Used on one thread: there is one cache a serving loop, so that looking
/// up takes no lock and waits for nobody.
class token_cache {
 public:
  using clock = token_verdict::clock;

  explicit token_cache(std::size_t most) : accepted_{most}, refused_{most / 4 + 1} {}

  /// Null when nothing is known that still holds at `now`.
  [[nodiscard]] shared_verdict find(const token_key& key, clock::time_point now) {
    auto found = accepted_.find(key, now);
    return found ? found : refused_.find(key, now);
  }
  /// A verdict takes the place of the one before.
  void keep(const token_key& key, shared_verdict verdict) {
    accepted_.erase(key);
    refused_.erase(key);
    auto& kept_in = verdict->who ? accepted_ : refused_;
    kept_in.put(key, std::move(verdict));
  }
  [[nodiscard]] std::size_t size() const noexcept { return accepted_.size() + refused_.size(); }

 private:
  class shelf {
   public:
    explicit shelf(std::size_t most) : most_{most} {}

    shared_verdict find(const token_key& key, clock::time_point now) {
      const auto found = index_.find(key);
      if (found == index_.end())
        return nullptr;
      if (found->second->second->until <= now) {
        order_.erase(found->second);
        index_.erase(found);
        return nullptr;
      }
      order_.splice(order_.begin(), order_, found->second);
      return found->second->second;
    }
    void put(const token_key& key, shared_verdict verdict) {
      if (index_.size() >= most_) {
        index_.erase(order_.back().first);
        order_.pop_back();
      }
      order_.emplace_front(key, std::move(verdict));
      index_.emplace(key, order_.begin());
    }
    void erase(const token_key& key) {
      const auto found = index_.find(key);
      if (found == index_.end())
        return;
      order_.erase(found->second);
      index_.erase(found);
    }
    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }

   private:
    using entries = std::list<std::pair<token_key, shared_verdict>>;
    std::size_t most_;
    entries order_;  ///< the most recently used in front
    std::unordered_map<token_key, entries::iterator, token_key_hash> index_;
  };

  shelf accepted_;
  shelf refused_;
};

}  // namespace sluice::http
