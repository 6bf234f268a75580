// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "http/api/faults.hpp"
#include "http/api/metadefs.hpp"

/// What is done alike with the objects, the properties and the tags of a namespace. A kind says what differs, as static
/// members: `list` (which member of the record holds them), `what` (its word in messages), `parse` (a body) and `json`
/// (one of a record, as it is answered).
namespace sluice::http {

template <class Kind>
[[nodiscard]] schemas::result<std::string> shown_metadef(const schemas::metadef_namespace& record,
                                                         std::string_view name) {
  const auto& list = record.*Kind::list;
  const auto found = schemas::find_named(list, name);
  if (found == list.end())
    return no_such_metadef(record, name, Kind::what);
  return Kind::json(record, *found);
}

/// Makes the change, and answers with the one of that name as it is then.
template <class Kind>
boost::asio::awaitable<response> change_and_show(exchange& at, metadef_edit edit, std::string name, unsigned status) {
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  const auto answer = changed.and_then([&](const auto& record) { return shown_metadef<Kind>(record, name); });
  co_return json_answer(answer, at.asked, status);
}

template <class Kind>
boost::asio::awaitable<response> show_contents(exchange& at) {
  const auto record = visible_metadef(at);
  if (!record)
    co_return fault(record.error(), at.asked);
  co_return json_answer(shown_metadef<Kind>(*record, at.second), at.asked);
}

template <class Kind>
boost::asio::awaitable<response> create_contents(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = Kind::parse(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&wanted](schemas::metadef_namespace& record, schemas::time_point now) {
    return add_named(record.*Kind::list, record, *wanted, now, Kind::what);
  };
  auto pending = change_and_show<Kind>(at, std::move(edit), wanted->name, 201);
  co_return co_await std::move(pending);
}

template <class Kind>
boost::asio::awaitable<response> update_contents(exchange& at) {
  if (const auto ready = may_change_metadef(at); !ready)
    co_return fault(ready.error(), at.asked);
  const auto wanted = Kind::parse(at.asked.body);
  if (!wanted)
    co_return fault(wanted.error(), at.asked);
  metadef_edit edit = [&](schemas::metadef_namespace& record, schemas::time_point now) {
    return replace_named(record.*Kind::list, record, at.second, *wanted, now, Kind::what);
  };
  auto pending = change_and_show<Kind>(at, std::move(edit), wanted->name, 200);
  co_return co_await std::move(pending);
}

template <class Kind>
boost::asio::awaitable<response> remove_contents(exchange& at) {
  metadef_edit edit = [&at](schemas::metadef_namespace& record, schemas::time_point) {
    return erase_named(record.*Kind::list, record, at.second, Kind::what);
  };
  auto pending = change_metadef(at, std::move(edit));
  const auto changed = co_await std::move(pending);
  co_return empty_answer(changed.map([](const auto&) {}), at.asked);
}

}  // namespace sluice::http
