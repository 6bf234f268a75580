// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "http/api/exchange.hpp"
#include "schemas/metadef.hpp"

/// `/v2/metadefs`: metadata definitions as Glance answers them. Everybody reads what is public or their project's own;
/// administrators write, or whom the policy names. What a caller may not see is as absent as what never was.
namespace sluice::http {

/// All of it: namespaces and what is in them, resource types, `/v2/schemas/metadefs/{name}`.
void add_metadefs(api_router& routes);

// One file for each kind.
void add_metadef_namespaces(api_router& routes);
void add_metadef_objects(api_router& routes);
void add_metadef_properties(api_router& routes);
void add_metadef_tags(api_router& routes);
void add_metadef_resource_types(api_router& routes);

// What they share.

/// The namespace that the path names, if the caller may see it; else not_found in Glance's words.
[[nodiscard]] schemas::result<schemas::metadef_namespace> visible_metadef(const exchange& at);

/// forbidden for whom the policy does not let write (rule modify_metadefs), and for all but administrators where the
/// owner is, or would be, another project.
[[nodiscard]] schemas::result<void> may_write_metadefs(const exchange& at, std::string_view owner);

/// Changes a record in place; may be called again with a newer record. A refusal ends the change.
using metadef_edit = std::function<schemas::result<void>(schemas::metadef_namespace&, schemas::time_point now)>;

/// Changes the namespace that the path names, or takes it away with all that is in it: the record is read, changed and
/// written if it is still the latest, else all over again. Answers with the record as it is now, durable.
/// Errors: not_found, forbidden, those of `edit`, quota_exceeded, conflict after many attempts, those of the store.
[[nodiscard]] boost::asio::awaitable<schemas::result<schemas::metadef_namespace>> change_metadef(exchange& at,
                                                                                                 metadef_edit edit);
[[nodiscard]] boost::asio::awaitable<schemas::result<void>> remove_metadef(exchange& at);
/// A new one; conflict when the name is taken.
[[nodiscard]] boost::asio::awaitable<schemas::result<schemas::metadef_namespace>> create_metadef(
    exchange& at, schemas::metadef_namespace fresh);

/// The namespace is visible, and the caller may write: asked before a body is looked at.
[[nodiscard]] schemas::result<void> may_change_metadef(const exchange& at);

/// not_found in Glance's words. `what`: "object", "tag", …
[[nodiscard]] tl::unexpected<schemas::failure> no_such_metadef(const schemas::metadef_namespace& record,
                                                               std::string_view name, std::string_view what);

/// forbidden when the namespace is protected: nothing of it is deleted then.
[[nodiscard]] schemas::result<void> may_delete_from(const schemas::metadef_namespace& record, std::string_view what);

/// Takes the one that the path names out of a list of the namespace; not_found when there is none. An edit.
template <class List>
[[nodiscard]] schemas::result<void> erase_named(List& list, const schemas::metadef_namespace& record,
                                                std::string_view name, std::string_view what) {
  const auto found = schemas::find_named(list, name);
  if (found == list.end())
    return no_such_metadef(record, name, what);
  if (auto allowed = may_delete_from(record, what); !allowed)
    return allowed;
  list.erase(found);
  return {};
}

/// Puts `next` in the place of the one that the path names: not_found when there is none, conflict when the new name is
/// another one's. An edit.
template <class List, class Thing>
[[nodiscard]] schemas::result<void> replace_named(List& list, const schemas::metadef_namespace& record,
                                                  std::string_view name, Thing next, schemas::time_point now,
                                                  std::string_view what) {
  const auto found = schemas::find_named(list, name);
  if (found == list.end())
    return no_such_metadef(record, name, what);
  if (next.name != name && schemas::find_named(list, next.name) != list.end())
    return schemas::refuse(schemas::error_code::conflict, "A metadata definition " + std::string{what} +
                                                              " with name=" + next.name +
                                                              " already exists in namespace=" + record.name + ".");
  next.created_at = found->created_at;
  next.updated_at = now;
  *found = std::move(next);
  return {};
}

/// Adds `fresh` behind the others; conflict when its name is taken. An edit.
template <class List, class Thing>
[[nodiscard]] schemas::result<void> add_named(List& list, const schemas::metadef_namespace& record, Thing fresh,
                                              schemas::time_point now, std::string_view what) {
  if (schemas::find_named(list, fresh.name) != list.end())
    return schemas::refuse(schemas::error_code::conflict, "A metadata definition " + std::string{what} +
                                                              " with name=" + fresh.name +
                                                              " already exists in namespace=" + record.name + ".");
  fresh.created_at = fresh.updated_at = now;
  list.push_back(std::move(fresh));
  return {};
}

/// 200 with JSON, or the fault.
[[nodiscard]] response json_answer(const schemas::result<std::string>& body, const request& asked,
                                   unsigned status = 200);
/// 204, or the fault.
[[nodiscard]] response empty_answer(const schemas::result<void>& done, const request& asked);

}  // namespace sluice::http
