// SPDX-License-Identifier: Apache-2.0
#include "http/api/routes.hpp"

#include "http/api/bandwidth.hpp"
#include "http/api/discovery.hpp"
#include "http/api/image_changes.hpp"
#include "http/api/image_file.hpp"
#include "http/api/image_imports.hpp"
#include "http/api/image_members.hpp"
#include "http/api/image_uploads.hpp"
#include "http/api/images.hpp"
#include "http/api/interoperable_import.hpp"
#include "http/api/metadefs.hpp"
#include "http/api/operations.hpp"
#include "http/api/reverification.hpp"
#include "http/api/tasks.hpp"

namespace sluice::http {

void add_api_routes(api_router& routes) {
  add_images(routes);
  add_image_uploads(routes);
  add_interoperable_import(routes);
  add_tasks(routes);
  add_image_changes(routes);
  add_image_members(routes);
  add_image_file(routes);
  add_image_imports(routes);
  add_discovery(routes);
  add_metadefs(routes);
  add_healthcheck(routes);
}

void add_operator_routes(api_router& routes) {
  add_schemas(routes);
  add_operator_healthcheck(routes);
  add_metrics(routes);
  add_bandwidth(routes);
  add_reverification(routes);
}

}  // namespace sluice::http
