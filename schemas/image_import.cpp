// SPDX-License-Identifier: Apache-2.0
#include "schemas/image_import.hpp"

#include <algorithm>

#include "schemas/url_reference.hpp"

namespace sluice::schemas {

bool identity::has_role(std::string_view role) const noexcept {
  return std::ranges::find(roles, role) != roles.end();
}

std::string location_without_credentials(std::string_view location) {
  const auto parsed = parse_url_reference(location);
  if (!parsed || !parsed->has_scheme() || !parsed->has_authority())
    return {};  // what cannot be taken apart cannot be shown safely
  std::string shown{parsed->scheme()};
  shown += "://";
  shown += std::string_view{parsed->encoded_host_and_port()};
  shown += std::string_view{parsed->encoded_path()};
  return shown;
}

}  // namespace sluice::schemas
