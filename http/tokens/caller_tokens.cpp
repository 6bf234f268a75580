// SPDX-License-Identifier: Apache-2.0
#include "http/tokens/caller_tokens.hpp"

#include <algorithm>
#include <utility>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace sluice::http {

std::string caller_tokens::keep(std::string token, std::string origin, clock::time_point until) {
  // random_generator_pure asks the system for every id: a handle must not be guessable.
  auto handle = boost::uuids::to_string(boost::uuids::random_generator_pure{}());
  const auto now = clock::now();
  const std::lock_guard guard{mutex_};
  std::erase_if(kept_, [now](const auto& each) { return each.second.until <= now; });
  if (kept_.size() >= most)
    kept_.erase(std::ranges::min_element(kept_, {}, [](const auto& each) { return each.second.until; }));
  kept_.emplace(handle, entry{lent{std::move(token), std::move(origin)}, until});
  return handle;
}

std::optional<caller_tokens::lent> caller_tokens::find(std::string_view handle) const {
  const std::lock_guard guard{mutex_};
  const auto found = kept_.find(handle);
  if (found == kept_.end() || found->second.until <= clock::now())
    return std::nullopt;
  return found->second.what;
}

}  // namespace sluice::http
