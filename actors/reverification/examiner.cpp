// SPDX-License-Identifier: Apache-2.0
#include "actors/reverification/examiner.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/conversion/read_back.hpp"
#include "actors/pipeline/thread_class.hpp"

namespace sluice::actors {

using schemas::check_verdict;
using schemas::error_code;

namespace {

constexpr std::uint32_t page_size = 500;
/// How often a listing begins anew because the image at the end of a page was deleted meanwhile.
constexpr unsigned most_beginnings = 10;

examination damaged(std::string message) {
  return {examined_as::damaged, std::move(message)};
}
examination unknown(std::string message) {
  return {examined_as::unknown, std::move(message)};
}

bool has_bytes(const schemas::image& image) {
  return image.facts &&
         (image.status == schemas::image_status::active || image.status == schemas::image_status::deactivated);
}

std::vector<std::string> ids_of_all(const persistence::record_store& records, const std::function<bool()>& stopped) {
  std::vector<std::string> ids;
  for (unsigned beginning = 0; beginning < most_beginnings; ++beginning) {
    ids.clear();
    persistence::image_query query;
    query.all_projects = true;
    query.visibility = "all";
    query.os_hidden.reset();
    query.limit = page_size;
    query.ascending = true;
    while (!stopped()) {
      const auto page = records.list_images(query);
      if (!page)
        break;
      for (const auto& image : page->records)
        if (has_bytes(image))
          ids.push_back(image.id);
      if (!page->more)
        return ids;
      query.marker = page->records.back().id;
    }
  }
  return ids;
}

}  // namespace

stored_image_examiner::stored_image_examiner(surroundings around) : around_{around}, thread_{[this] { live(); }} {}

stored_image_examiner::~stored_image_examiner() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  stirred_.notify_one();
  thread_.join();
}

void stored_image_examiner::post(std::function<void()> work) {
  {
    const std::lock_guard guard{mutex_};
    work_.push_back({std::move(work), cancels_});
  }
  stirred_.notify_one();
}

void stored_image_examiner::list(std::function<void(std::vector<std::string>)> on_end) {
  post([this, on_end = std::move(on_end)] { on_end(ids_of_all(around_.records, [this] { return stopped(); })); });
}

void stored_image_examiner::examine(const std::string& image_id, std::function<void(examination)> on_end) {
  post([this, image_id, on_end = std::move(on_end)] { on_end(look_at(image_id)); });
}

void stored_image_examiner::cancel() {
  const std::lock_guard guard{mutex_};
  ++cancels_;
}

bool stored_image_examiner::stopped() {
  const std::lock_guard guard{mutex_};
  return in_hand_ != cancels_ || stopping_;
}

void stored_image_examiner::live() {
  name_this_thread("reverification");
  lower_this_thread_to_idle();
  while (true) {
    std::function<void()> next;
    {
      std::unique_lock lock{mutex_};
      stirred_.wait(lock, [this] { return stopping_ || !work_.empty(); });
      if (work_.empty())
        return;
      next = std::move(work_.front().run);
      in_hand_ = work_.front().cancels;
      work_.pop_front();
    }
    next();
  }
}

examination stored_image_examiner::look_at(const std::string& image_id) {
  const auto record = around_.records.find_image(image_id);
  if (!record || !has_bytes(*record))
    return {examined_as::gone, ""};
  auto file = around_.blobs.open_image(image_id);
  auto found = file ? compare(*record, std::move(*file))
               : file.error().code == error_code::not_found
                   ? damaged("The image's bytes are missing from the store.")
                   : unknown("The image's bytes could not be opened: " + file.error().message);
  if (found.as == examined_as::sound) {
    auto again = around_.blobs.open_image(image_id);
    found = again ? walk(*record, std::move(*again)) : unknown("The image's bytes could not be opened again.");
  }
  // Deleting takes the record first: bytes that are gone, or going, are then no damage.
  if (found.as != examined_as::sound && !around_.records.has_image(image_id))
    return {examined_as::gone, ""};
  return found;
}

examination stored_image_examiner::compare(const schemas::image& record, persistence::unique_fd file) {
  read_back_plan plan;
  plan.file = file.get();
  plan.os_hash_algo = record.facts->os_hash_algo;
  plan.md5 = !record.facts->md5.empty();
  plan.before = &around_.before;
  plan.stopped = [this] { return stopped(); };
  const auto before = bytes();
  plan.on_progress = [this, before](std::uint64_t read) {
    around_.metrics.reverified_bytes.add(before + read - bytes());
    bytes_.store(before + read, std::memory_order_relaxed);
  };
  const auto found = read_back(plan);
  if (!found)
    return found.error().code == error_code::store_failed ? damaged(found.error().message)
                                                          : unknown(found.error().message);
  if (found->size != record.facts->size)
    return damaged("Expected " + std::to_string(record.facts->size) + " bytes, got " + std::to_string(found->size) +
                   '.');
  if (found->os_hash_value != record.facts->os_hash_value)
    return damaged("The bytes on the disk are not those that were stored: expected " + record.facts->os_hash_algo +
                   ' ' + record.facts->os_hash_value + ", got " + found->os_hash_value + '.');
  if (found->md5 != record.facts->md5)
    return damaged("The bytes on the disk are not those that were stored: expected md5 " + record.facts->md5 +
                   ", got " + found->md5 + '.');
  return {examined_as::sound, ""};
}

examination stored_image_examiner::walk(const schemas::image& record, persistence::unique_fd file) {
  judged_image image;
  image.about.import_id = record.id;
  image.about.image_id = record.id;
  image.about.project_id = record.owner;
  image.about.disk_format = record.facts->disk_format;
  image.about.size = record.facts->size;
  image.about.virtual_size = record.facts->virtual_size;
  image.file = std::make_shared<const persistence::unique_fd>(std::move(file));
  struct answer {
    std::optional<check_report> report;  ///< guarded
    std::mutex mutex;
    std::condition_variable came;
  };
  const auto answered = std::make_shared<answer>();
  const auto cancel_walk = around_.structure.start(image, [answered](check_report report) {
    const std::lock_guard guard{answered->mutex};
    answered->report = std::move(report);
    answered->came.notify_one();
  });
  std::unique_lock lock{answered->mutex};
  // Every check sees to its own end; being cancelled is looked for now and then.
  while (!answered->came.wait_for(lock, std::chrono::milliseconds{100}, [&] { return answered->report.has_value(); })) {
    lock.unlock();
    if (stopped())
      cancel_walk();
    lock.lock();
  }
  switch (answered->report->verdict) {
    case check_verdict::passed: return {examined_as::sound, ""};
    case check_verdict::refused:
      return damaged("The bytes are those that were stored, but are not let in any more: " +
                     answered->report->why.message);
    case check_verdict::failed: break;
  }
  return unknown(answered->report->why.message);
}

}  // namespace sluice::actors
