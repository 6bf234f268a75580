// SPDX-License-Identifier: Apache-2.0
#include "actors/random_id.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace sluice::actors {

std::string random_id() {
  thread_local boost::uuids::random_generator generate;
  return boost::uuids::to_string(generate());
}

}  // namespace sluice::actors
