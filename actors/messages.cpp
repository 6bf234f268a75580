// SPDX-License-Identifier: Apache-2.0
#include "actors/messages.hpp"

namespace sluice::actors {

using schemas::error_code;
using schemas::failure;

namespace {

constexpr caf::atom_value message_category = caf::atom("sluice");

}  // namespace

caf::error to_error(const failure& why) {
  return caf::make_error(why.code, why.message, why.field);
}

failure to_failure(const caf::error& error) {
  if (error.category() == message_category) {
    failure why;
    why.code = static_cast<error_code>(error.code());
    if (error.context().match_elements<std::string, std::string>()) {
      why.message = error.context().get_as<std::string>(0);
      why.field = error.context().get_as<std::string>(1);
    }
    return why;
  }
  if (error == caf::sec::request_timeout)
    return {error_code::overloaded, "The service did not answer in time. Try again in a few seconds."};
  if (error == caf::sec::request_receiver_down)
    return {error_code::service_stopping, "The service is stopping. Try again in a few seconds."};
  return {error_code::internal_error, "The service met an internal error."};
}

void register_messages(caf::actor_system_config& configuration) {
  configuration.add_message_types<caf::id_block::sluice>();
  configuration.add_error_category(message_category, [](std::uint8_t code, caf::atom_value, const caf::message&) {
    return std::string{schemas::to_string(static_cast<error_code>(code))};
  });
}

}  // namespace sluice::actors
