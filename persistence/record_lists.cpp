// SPDX-License-Identifier: Apache-2.0
#include "persistence/record_store.hpp"

#include <algorithm>
#include <utility>

#include "persistence/impl/open_records.hpp"
#include "persistence/impl/row_walk.hpp"
#include "persistence/impl/rows.hpp"

// The listings of record_store: which rows a query walks. What the caller may not see has no row on the way.
namespace sluice::persistence {
namespace {

using schemas::result;

constexpr std::uint32_t most_reserved = 1000;

tl::unexpected<schemas::failure> unknown_marker() {
  return schemas::refuse(schemas::error_code::invalid_request,
                         "The marker is the id of the last record of the page before; no such record was found. "
                         "Start again without a marker.",
                         "marker");
}

struct scope {
  listing_scope kind;
  std::string_view owner = {};
};

/// Community images of others are listed to those who ask for them, administrators too.
bool is_uncalled_for(const image_query& query, const listing_value& image) {
  return !query.visibility && image.visibility == "community" && image.owner != query.project_id;
}

/// The parts of the image listings that `query` may draw from.
std::vector<scope> scopes_of(const image_query& query) {
  const auto asked = [&](std::string_view visibility) { return !query.visibility || *query.visibility == visibility; };
  std::vector<scope> scopes;
  if (query.all_projects) {
    if (query.owner)
      scopes.push_back({listing_scope::owned, *query.owner});
    else if (query.visibility == "public")
      scopes.push_back({listing_scope::of_the_public});
    else if (query.visibility == "community")
      scopes.push_back({listing_scope::community});
    else
      scopes.push_back({listing_scope::all});
    return scopes;
  }
  const auto everything = query.visibility == "all";
  if (!query.project_id.empty() && (!query.owner || *query.owner == query.project_id))
    scopes.push_back({listing_scope::owned, query.project_id});
  if (query.owner && *query.owner == query.project_id)
    return scopes;
  if (!query.project_id.empty() && (!query.visibility || *query.visibility == "shared" || everything))
    for (const auto status : schemas::member_statuses)
      if (!query.member_status || *query.member_status == status)
        scopes.push_back({shared_scope(status), query.project_id});
  if (asked("public") || everything)
    scopes.push_back({listing_scope::of_the_public});
  if (query.visibility == "community" || everything)  // not part of a listing that does not ask for them
    scopes.push_back({listing_scope::community});
  return scopes;
}

bool matches(const image_query& query, std::string_view row) {
  const auto image = parse_listing_value(row);
  return !is_uncalled_for(query, image) && (!query.status || *query.status == image.status) &&
         (!query.visibility || *query.visibility == "all" || *query.visibility == image.visibility) &&
         (!query.owner || *query.owner == image.owner);
}

/// Any member may go on from a shared image, whatever the listing's member_status.
bool visible(const image_query& query, const schemas::image& record, bool is_member) {
  schemas::identity who;
  who.project_id = query.project_id;
  return query.all_projects || schemas::may_see(who, record, is_member);
}

}  // namespace

result<page<schemas::image_import>> record_store::list_imports(const import_query& query) const {
  const auto snapshot = implementation_->environment->read();
  std::string after;
  if (query.marker) {
    const auto last = implementation_->import(snapshot, *query.marker);
    if (!last || last->project_id != query.project_id)
      return unknown_marker();
    after = position(last->created_at, last->id);
  }
  page<schemas::image_import> found;
  if (query.limit == 0 || query.project_id.size() > longest_project)
    return found;
  found.records.reserve(std::min(query.limit, most_reserved));
  for (row_walk walk{snapshot, implementation_->where.imports_by_project, import_prefix(query.project_id, query.status),
                     after, query.ascending};
       !walk.at_end(); walk.advance()) {
    auto record = implementation_->import(snapshot, id_of_position(walk.position()));
    if (!record)
      continue;
    if (found.records.size() == query.limit) {
      found.more = true;
      break;
    }
    found.records.push_back(std::move(*record));
  }
  return found;
}

result<page<schemas::image>> record_store::list_images(const image_query& query) const {
  const auto snapshot = implementation_->environment->read();
  std::string after;
  if (query.marker) {
    const auto last = implementation_->image(snapshot, *query.marker);
    if (!last || !visible(query, *last, implementation_->member(snapshot, last->id, query.project_id).has_value()))
      return unknown_marker();
    after = position(last->created_at, last->id);
  }
  page<schemas::image> found;
  if (query.limit == 0)
    return found;
  std::vector<row_walk> walks;
  for (const auto& part : scopes_of(query)) {
    if (part.owner.size() > longest_project)
      continue;
    for (const auto hidden : {false, true})
      if (!query.os_hidden || *query.os_hidden == hidden)
        walks.emplace_back(snapshot, implementation_->where.image_listings,
                           listing_prefix(part.kind, part.owner, hidden, query.name), after, query.ascending);
  }
  found.records.reserve(std::min(query.limit, most_reserved));
  merged_walk rows{std::move(walks), query.ascending};
  while (const auto place = rows.next()) {
    if (!matches(query, place->value))
      continue;
    auto record = implementation_->image(snapshot, id_of_position(place->position));
    if (!record || (query.name && record->properties.name != query.name))
      continue;
    if (found.records.size() == query.limit) {
      found.more = true;
      break;
    }
    found.records.push_back(std::move(*record));
  }
  return found;
}

}  // namespace sluice::persistence
