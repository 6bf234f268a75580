// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <caf/all.hpp>

namespace sluice::actors {

/// A way to reach an actor from other threads that does not keep it alive; what is sent after its end is dropped.
template <class Handle>
class mailbox {
 public:
  explicit mailbox(const Handle& owner) : address_{caf::actor_cast<caf::actor_addr>(owner)} {}
  template <class... Words>
  void send(Words&&... words) const {
    if (const auto owner = caf::actor_cast<caf::strong_actor_ptr>(address_))
      caf::anon_send(caf::actor_cast<Handle>(owner), std::forward<Words>(words)...);
  }

 private:
  caf::actor_addr address_;
};

}  // namespace sluice::actors
