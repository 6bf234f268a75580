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

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex)
      return false;
  }
  return true;
}

}  // namespace sluice::http
