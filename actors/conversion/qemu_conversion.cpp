// SPDX-License-Identifier: Apache-2.0
#include "actors/conversion/qemu_conversion.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/conversion/read_back.hpp"
#include "actors/pipeline/thread_class.hpp"
#include "schemas/text.hpp"

namespace sluice::actors {

using namespace std::chrono_literals;
using schemas::error_code;
using schemas::failure;
using schemas::result;
using verification::sandbox::sandbox_end;
using verification::sandbox::sandbox_outcome;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
/// How often what has been written is looked at.
constexpr std::chrono::milliseconds glance = 250ms;
constexpr int patience = 6;
/// Beside `[verify] time`: a second of the processor for so many bytes of file and of disk.
constexpr std::uint64_t bytes_a_second = 16 * mebibyte;
constexpr std::uint64_t more_space = 64 * mebibyte;

/// What Glance calls a format, and qemu-img. Others are no disks, or nobody but their owner can read them.
struct convertible {
  std::string_view name, driver;
};
constexpr std::array formats{convertible{"raw", "raw"}, convertible{"qcow2", "qcow2"}, convertible{"vmdk", "vmdk"},
                             convertible{"vhd", "vpc"}, convertible{"vhdx", "vhdx"},   convertible{"vdi", "vdi"},
                             convertible{"qed", "qed"}};

std::string driver_of(std::string_view format) {
  const auto found = std::ranges::find(formats, format, &convertible::name);
  return found == formats.end() ? std::string{} : std::string{found->driver};
}

failure cancelled() {
  return {error_code::cancelled, "The conversion was cancelled."};
}

std::uint64_t on_disk(int file) {
  struct stat facts {};
  return ::fstat(file, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * 512 : 0;
}

/// What qcow2 has beside the data: tables of 8 bytes and reference counts of 2 a cluster of 64 KiB, and their headers.
std::uint64_t with_tables(std::uint64_t data, std::uint64_t virtual_size) {
  return data + virtual_size / 4096 + 4 * mebibyte;
}

verification::sandbox::sandbox_limits limits_for(const conversion_request& request,
                                                 const schemas::verify_configuration& verify) {
  verification::sandbox::sandbox_limits limits;
  limits.memory = verify.memory;
  const auto data = request.size + std::min(request.virtual_size, std::max(request.size, request.allocated));
  // Nothing but looking where the data is has to be done for the rest of a sparse disk.
  limits.processor_time =
      verify.time + std::chrono::seconds{data / bytes_a_second + request.virtual_size / (mebibyte << 12)};
  limits.wall_time = limits.processor_time * patience;
  limits.output_size = with_tables(request.virtual_size, request.virtual_size);
  limits.processes = 64;
  return limits;
}

failure explain(const sandbox_outcome& outcome, const std::string& to) {
  const auto begin = "The image could not be converted to " + to;
  switch (outcome.end) {
    case sandbox_end::cancelled: return cancelled();
    case sandbox_end::lost:
    case sandbox_end::not_started:
    case sandbox_end::out_of_wall_time:
      return {
          error_code::verifier_failed,
          begin + ": the service is busy, or could not run qemu-img. Try again later; if it stays, tell the operator."};
    case sandbox_end::finished:
      if (outcome.complaint.find("No space left on device") != std::string::npos)
        return {error_code::disk_full, begin + ": the disk is full. Try again later."};
      break;
    case sandbox_end::crashed:
    case sandbox_end::out_of_processor_time: break;
  }
  return {error_code::conversion_failed,
          begin + ": qemu-img " + describe(outcome) + ". Convert it yourself with qemu-img and import the outcome."};
}

}  // namespace

std::vector<std::string> conversion_command(const std::filesystem::path& program, const std::string& from,
                                            const std::string& to, bool past_the_cache) {
  const std::string cache = past_the_cache ? "none" : "writeback";
  return {program.native(),  "convert",        "-f", driver_of(from), "-O", driver_of(to), "-T", cache, "-t", cache,
          "/proc/self/fd/3", "/proc/self/fd/4"};
}

std::uint64_t space_for(const conversion_request& request, std::uint64_t staged_on_disk) {
  // A format's tables know how much of the disk they hold; of a raw disk the filesystem knows it.
  const auto known = request.allocated != 0 ? request.allocated : staged_on_disk;
  const auto data = std::min(request.virtual_size, known + 16 * mebibyte);
  return request.to == "qcow2" ? with_tables(data, request.virtual_size) : data;
}

/// One conversion, from the empty file to its digests.
class qemu_conversion::attempt {
 public:
  attempt(qemu_conversion& owner, const task& work) : owner_{owner}, work_{work} {}

  result<schemas::content_facts> run() {
    auto made = make();
    auto facts = made ? read() : result<schemas::content_facts>{schemas::unexpected<failure>{made.error()}};
    if (!facts)
      if (const auto gone = blobs().remove_staged(work_.request.image_id); !gone)
        spdlog::error("bytes not freed staged={} reason=\"{}\"", work_.request.image_id, gone.error().message);
    return facts;
  }

 private:
  persistence::blob_store& blobs() const { return owner_.around_.blobs; }

  bool stopped() const {
    if (work_.cancelled->load())
      return true;
    const std::lock_guard guard{owner_.mutex_};
    return owner_.stopping_;
  }

  result<void> make() {
    const auto& request = work_.request;
    work_.progress->phase = import_phase::converting;
    work_.progress->bytes = 0;
    work_.progress->total = 0;
    auto image = blobs().open_for_judging(request.import_id, request.image_id);
    if (!image)
      return schemas::unexpected<failure>{image.error()};
    auto space = blobs().reserve();
    auto promised = space_for(request, on_disk(image->get()));
    if (auto grown = space.grow_to(promised); !grown)
      return grown;
    // What an attempt before this one has left.
    if (auto gone = blobs().remove_staged(request.image_id); !gone)
      return gone;
    auto output = blobs().create_staged(request.image_id);
    if (!output)
      return schemas::unexpected<failure>{output.error()};
    verification::sandbox::sandbox_job job;
    job.command = conversion_command(owner_.around_.verify.converter, request.from, request.to, output->direct());
    job.limits = limits_for(request, owner_.around_.verify);
    job.readable.push_back(owner_.around_.verify.converter.native());
    job.image = std::move(*image);
    job.output.reset(::fcntl(output->native_handle(), F_DUPFD_CLOEXEC, 0));
    if (!job.output)
      return schemas::refuse(error_code::overloaded, "No more files can be opened. Try again later.");
    if (auto ended = follow(std::move(job), *output, space, promised); !ended)
      return ended;
    const auto length = output->length();
    if (!length)
      return schemas::unexpected<failure>{length.error()};
    return output->sync(*length);
  }

  /// Waits for the child, and looks now and then how much it has written: that is the progress, and it may be more than
  /// was promised to it.
  result<void> follow(verification::sandbox::sandbox_job job, const persistence::staged_file& output,
                      persistence::space_reservation& space, std::uint64_t promised) {
    struct answer {
      std::mutex mutex;
      std::condition_variable came;
      std::optional<sandbox_outcome> outcome;
    };
    const auto answered = std::make_shared<answer>();
    auto& sandbox = owner_.around_.sandbox;
    const auto ticket = sandbox.run(std::move(job), [answered](sandbox_outcome outcome) {
      const std::lock_guard guard{answered->mutex};
      answered->outcome = std::move(outcome);
      answered->came.notify_one();
    });
    std::uint64_t written = 0;
    std::optional<failure> why;
    std::unique_lock lock{answered->mutex};
    while (!answered->came.wait_for(lock, glance, [&] { return answered->outcome.has_value(); })) {
      lock.unlock();
      const auto now = on_disk(output.native_handle());
      if (now > written)
        space.written(now - std::exchange(written, now));
      work_.progress->bytes = written;
      if (!why && stopped())
        why = cancelled();
      if (!why && written > promised) {
        promised = written + more_space;
        if (const auto grown = space.grow_to(promised); !grown)
          why = grown.error();
      }
      if (why)
        sandbox.cancel(ticket);
      lock.lock();
    }
    const auto& outcome = *answered->outcome;
    if (why)
      return schemas::unexpected<failure>{*why};
    if (outcome.end == sandbox_end::finished && outcome.status == 0)
      return {};
    auto explained = explain(outcome, work_.request.to);
    spdlog::warn("conversion failed task={} from={} to={} how=\"{}\" processor_ms={} complaint=\"{}\"",
                 work_.request.import_id, work_.request.from, work_.request.to, describe(outcome),
                 std::chrono::duration_cast<std::chrono::milliseconds>(outcome.processor_time).count(),
                 schemas::one_line(outcome.complaint));
    return schemas::unexpected<failure>{std::move(explained)};
  }

  /// What was made is looked at as if it had come from outside.
  result<schemas::content_facts> read() {
    const auto& request = work_.request;
    auto made = blobs().open_for_judging(request.image_id, request.image_id);
    if (!made)
      return schemas::unexpected<failure>{made.error()};
    struct stat facts {};
    if (::fstat(made->get(), &facts) == 0)
      work_.progress->total = static_cast<std::uint64_t>(facts.st_size);
    work_.progress->bytes = 0;
    work_.progress->phase = import_phase::digesting;
    read_back_plan plan;
    plan.file = made->get();
    plan.os_hash_algo = owner_.around_.digests.os_hash_algo;
    plan.md5 = owner_.around_.digests.md5;
    plan.before = &owner_.around_.before;
    plan.stopped = [this] { return stopped(); };
    plan.on_progress = [this](std::uint64_t bytes) { work_.progress->bytes = bytes; };
    auto& policy = plan.inspection.emplace();
    policy.raw = schemas::raw_policy::any;
    policy.max_virtual_size = request.max_virtual_size;
    policy.declared_format = request.to;
    auto found = read_back(plan);
    if (!found) {
      const auto code = found.error().code;
      if (code == error_code::cancelled || code == error_code::store_failed || code == error_code::overloaded)
        return found;
      return schemas::refuse(error_code::conversion_failed,
                             "The image cannot be kept as " + request.to + ": " + found.error().message);
    }
    if (found->disk_format != request.to || found->virtual_size < request.virtual_size ||
        found->virtual_size - request.virtual_size >= 4096)
      return schemas::refuse(error_code::conversion_failed,
                             "Expected a " + request.to + " image with a virtual size of " +
                                 std::to_string(request.virtual_size) + " bytes from the conversion, got " +
                                 found->disk_format + " with " + std::to_string(found->virtual_size) + '.');
    return found;
  }

  qemu_conversion& owner_;
  const task& work_;
};

qemu_conversion::qemu_conversion(surroundings around) : around_{std::move(around)}, thread_{[this] { live(); }} {}

qemu_conversion::~qemu_conversion() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  stirred_.notify_one();
  thread_.join();
}

result<std::string> qemu_conversion::target_of(const std::string& disk_format, const std::string& asked) const {
  const auto& target = asked.empty() ? around_.verify.convert_to : asked;
  if (target.empty() || target == disk_format)
    return std::string{};
  if (!driver_of(disk_format).empty())
    return target;
  // The operator's wish is for disks; what is none stays what it is.
  if (asked.empty())
    return std::string{};
  return schemas::refuse(error_code::conversion_failed, "Expected a disk to convert to " + asked +
                                                            ", got an image of format " + disk_format +
                                                            ", which is kept as it is. Import it without convert_to.");
}

void qemu_conversion::start(conversion_request request, std::shared_ptr<import_progress> progress,
                            std::function<void(conversion_outcome)> on_end) {
  task next;
  next.request = std::move(request);
  next.progress = std::move(progress);
  next.on_end = std::move(on_end);
  {
    const std::lock_guard guard{mutex_};
    waiting_.push_back(std::move(next));
  }
  stirred_.notify_one();
}

void qemu_conversion::cancel(const std::string& import_id) {
  std::function<void(conversion_outcome)> on_end;
  {
    const std::lock_guard guard{mutex_};
    if (running_ == import_id && running_cancel_)
      running_cancel_->store(true);
    // Who only waits does not wait for the others to end.
    const auto found =
        std::ranges::find_if(waiting_, [&](const task& each) { return each.request.import_id == import_id; });
    if (found == waiting_.end())
      return;
    on_end = std::move(found->on_end);
    waiting_.erase(found);
  }
  conversion_outcome outcome;
  outcome.why = cancelled();
  on_end(std::move(outcome));
}

void qemu_conversion::live() {
  name_this_thread("conversion");
  lower_this_thread_to_idle();
  while (true) {
    task current;
    {
      std::unique_lock lock{mutex_};
      running_.clear();
      running_cancel_.reset();
      stirred_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty())
        return;
      current = std::move(waiting_.front());
      waiting_.pop_front();
      if (stopping_)
        current.cancelled->store(true);
      running_ = current.request.import_id;
      running_cancel_ = current.cancelled;
    }
    conversion_outcome outcome;
    if (current.cancelled->load()) {
      outcome.why = cancelled();
    } else {
      const auto began = std::chrono::steady_clock::now();
      auto facts = attempt{*this, current}.run();
      spdlog::info(
          "converted task={} image={} from={} to={} took_ms={} code={}", current.request.import_id,
          current.request.image_id, current.request.from, current.request.to,
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count(),
          to_string(facts ? error_code::none : facts.error().code));
      if (facts)
        outcome.facts = std::move(*facts);
      else
        outcome.why = std::move(facts.error());
    }
    current.on_end(std::move(outcome));
  }
}

}  // namespace sluice::actors
