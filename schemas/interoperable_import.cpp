// SPDX-License-Identifier: Apache-2.0
#include "schemas/interoperable_import.hpp"

#include "schemas/image.hpp"
#include "schemas/json_copying.hpp"
#include "schemas/swift_location.hpp"
#include "schemas/uuid.hpp"

namespace sluice::schemas {
namespace {

constexpr std::size_t longest_region = 255;  ///< bytes, of a region or an interface

result<void> read_remote(const json_value& method, interoperable_import& into) {
  into.method = import_method::glance_download;
  const auto read = [&](std::string_view name, std::string& text, bool required) -> result<void> {
    const auto* const value = method.find(name);
    if (value == nullptr && !required)
      return {};
    if (value == nullptr || value->as_string() == nullptr || value->as_string()->size() > longest_region)
      return expected("a string of at most 255 bytes", value, "/method/" + std::string{name});
    text = *value->as_string();
    return {};
  };
  if (auto got = read("glance_region", into.remote.region, true); !got)
    return got;
  if (auto got = read("glance_image_id", into.remote.image_id, true); !got)
    return got;
  if (auto got = read("glance_service_interface", into.remote.interface, false); !got)
    return got;
  if (!is_uuid(into.remote.image_id))
    return refuse(error_code::invalid_request, "glance-download: image id does not look like a UUID",
                  "/method/glance_image_id");
  return {};
}

result<void> read_method(const json_value& method, const sources_configuration& sources, interoperable_import& into) {
  const auto* const name = method.find("name");
  if (name == nullptr || name->as_string() == nullptr)
    return expected("the name of an import method as a string", name, "/method/name");
  const auto& word = *name->as_string();
  if (word == to_string(import_method::glance_direct)) {
    into.method = import_method::glance_direct;
    return {};
  }
  if (word == to_string(import_method::copy_image)) {
    into.method = import_method::copy_image;
    return {};
  }
  if (word == to_string(import_method::glance_download))
    return read_remote(method, into);
  if (word != to_string(import_method::web_download))
    return refuse(
        error_code::invalid_request,
        "Unknown import method name: expected glance-direct, web-download or glance-download, got another one.",
        "/method/name");
  into.method = import_method::web_download;
  const auto* const uri = method.find("uri");
  if (uri == nullptr || uri->as_string() == nullptr)
    return expected("the URL of the image as a string", uri, "/method/uri");
  auto location = normalised_location(*uri->as_string(), sources);
  if (!location)
    return refuse(location.error().code, location.error().message, "/method/uri");
  into.location = std::move(*location);
  return {};
}

result<bool> read_flag(const json_value& body, std::string_view name, bool otherwise) {
  const auto* const value = body.find(name);
  if (value == nullptr)
    return otherwise;
  if (value->as_bool() == nullptr)
    return expected("true or false", value, "/" + std::string{name});
  return *value->as_bool();
}

result<void> check_store(std::string_view store) {
  if (store != store_id)
    return refuse(error_code::conflict,
                  "The store is not there: the service has one store, \"" + std::string{store_id} + "\".", "/stores");
  return {};
}

result<void> read_stores(const json_value& body, std::string_view store_field, interoperable_import& into) {
  const auto all = read_flag(body, "all_stores", false);
  if (!all)
    return tl::unexpected{all.error()};
  into.all_stores = *all;
  const auto must_succeed = read_flag(body, "all_stores_must_succeed", true);
  if (!must_succeed)
    return tl::unexpected{must_succeed.error()};
  const auto* const stores = body.find("stores");
  if (into.all_stores && (stores != nullptr || !store_field.empty()))
    return refuse(error_code::invalid_request,
                  "all_stores parameter can't be used with x-image-meta-store header or stores parameter",
                  "/all_stores");
  if (!store_field.empty()) {
    if (stores != nullptr)
      return refuse(error_code::invalid_request, "x-image-meta-store header and stores parameter exclude each other",
                    "/stores");
    return check_store(store_field);
  }
  if (stores == nullptr)
    return {};
  const auto* const list = stores->as_array();
  if (list == nullptr || list->empty())
    return expected("a list of stores", stores, "/stores");
  for (const auto& each : *list) {
    if (each.as_string() == nullptr)
      return expected("the name of a store as a string", &each, "/stores");
    if (auto known = check_store(*each.as_string()); !known)
      return known;
  }
  return {};
}

/// What was asked, as it may be shown: without what opens the source.
std::string shown(const json_value& body, const interoperable_import& wanted) {
  auto copy = copy_of(body);
  if (wanted.method == import_method::web_download)
    copy["method"]["uri"] = location_without_credentials(wanted.location);
  return written(copy);
}

}  // namespace

result<interoperable_import> parse_interoperable_import(std::string_view body, std::string_view store_field,
                                                        const sources_configuration& sources) {
  const auto document = parse_json(body);
  if (!document)
    return tl::unexpected{document.error()};
  if (document->as_object() == nullptr)
    return expected("an object with method", &*document, "");
  const auto* const method = document->find("method");
  if (method == nullptr || method->as_object() == nullptr)
    return expected("an object with the name of the import method", method, "/method");
  interoperable_import wanted;
  if (auto read = read_method(*method, sources, wanted); !read)
    return tl::unexpected{std::move(read).error()};
  if (auto read = read_stores(*document, store_field, wanted); !read)
    return tl::unexpected{std::move(read).error()};
  wanted.asked = shown(*document, wanted);
  return wanted;
}

}  // namespace sluice::schemas
