// SPDX-License-Identifier: Apache-2.0
#include "http/server/request_id.hpp"

#include <random>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace sluice::http {

std::string new_request_id() {
  // Ids of requests need to be different, not secret: a generator seeded once a thread does.
  thread_local std::mt19937_64 numbers{std::random_device{}()};
  thread_local boost::uuids::basic_random_generator<std::mt19937_64> generate{numbers};
  return "req-" + boost::uuids::to_string(generate());
}

bool is_request_id(std::string_view text) noexcept {
  return text.starts_with("req-") && is_uuid(text.substr(4));
}

}  // namespace sluice::http
