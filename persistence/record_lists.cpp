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
bool is_uncalled_for(const image_query& query, const image_row& image) {
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

bool matches(const image_query& query, const image_row& image) {
  return !is_uncalled_for(query, image) && (!query.status || *query.status == to_string(image.status)) &&
         (!query.visibility || *query.visibility == "all" || *query.visibility == image.visibility) &&
         (!query.owner || *query.owner == image.owner) && (!query.name || query.name == image.name);
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

std::vector<schemas::image_import> record_store::imports_of_image(std::string_view image_id,
                                                                  std::uint32_t limit) const {
  std::vector<schemas::image_import> found;
  if (image_id.size() > longest_id)
    return found;
  const auto snapshot = implementation_->environment->read();
  for (row_walk walk{snapshot, implementation_->where.imports_by_image, image_prefix(image_id), {}, false};
       !walk.at_end() && found.size() < limit; walk.advance())
    if (auto record = implementation_->import(snapshot, id_of_position(walk.position())))
      found.push_back(std::move(*record));
  return found;
}

namespace {

merged_walk walk_of(const lmdb::transaction& within, const tables& where, const image_query& query,
                    std::string_view after) {
  std::vector<row_walk> walks;
  for (const auto& part : scopes_of(query)) {
    if (part.owner.size() > longest_project)
      continue;
    for (const auto hidden : {false, true})
      if (!query.os_hidden || *query.os_hidden == hidden)
        walks.emplace_back(within, where.image_listings, listing_prefix(part.kind, part.owner, hidden, query.name),
                           after, query.ascending);
  }
  return {std::move(walks), query.ascending};
}

}  // namespace

std::string record_store::place_of(schemas::time_point created_at, std::string_view id) {
  return position(created_at, id);
}

result<schemas::image> record_store::find_marker(const image_query& query) const {
  const auto snapshot = implementation_->environment->read();
  auto last = query.marker ? implementation_->image(snapshot, *query.marker) : std::nullopt;
  if (!last || !visible(query, *last, implementation_->member(snapshot, last->id, query.project_id).has_value()))
    return unknown_marker();
  return std::move(*last);
}

std::optional<std::string> record_store::walk_images(const image_query& query, std::string_view after,
                                                     std::uint32_t most,
                                                     const std::function<bool(const image_row&)>& take) const {
  const auto snapshot = implementation_->environment->read();
  auto rows = walk_of(snapshot, implementation_->where, query, after);
  for (std::uint32_t looked_at = 1;; ++looked_at) {
    const auto place = rows.next();
    if (!place)
      return std::nullopt;
    auto row = decode_row(place->value);
    if (row && matches(query, *row)) {
      row->id = id_of_position(place->position);
      row->created_at = time_of_position(place->position);
      if (!take(*row))
        return std::nullopt;
    }
    if (looked_at == most)
      return std::string{place->position};
  }
}

result<page<schemas::image>> record_store::list_images(const image_query& query) const {
  std::string after;
  if (query.marker) {
    const auto last = find_marker(query);
    if (!last)
      return tl::unexpected{last.error()};
    after = position(last->created_at, last->id);
  }
  page<schemas::image> found;
  if (query.limit == 0)
    return found;
  const auto snapshot = implementation_->environment->read();
  found.records.reserve(std::min(query.limit, most_reserved));
  auto rows = walk_of(snapshot, implementation_->where, query, after);
  while (const auto place = rows.next()) {
    const auto row = decode_row(place->value);
    if (!row || !matches(query, *row))
      continue;
    auto record = implementation_->image(snapshot, id_of_position(place->position));
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

}  // namespace sluice::persistence
