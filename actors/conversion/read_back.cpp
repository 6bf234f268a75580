// SPDX-License-Identifier: Apache-2.0
#include "actors/conversion/read_back.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include "actors/pipeline/lanes.hpp"

namespace sluice::actors {
namespace {

using schemas::error_code;
using schemas::failure;
using schemas::result;

constexpr std::size_t block_size = 256 << 10;
constexpr std::size_t alignment = 4096;

struct releaser {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
using aligned_block = std::unique_ptr<std::byte, releaser>;

void bypass_cache(int file, bool so) noexcept {
  const auto flags = ::fcntl(file, F_GETFL);
  if (flags >= 0)
    static_cast<void>(::fcntl(file, F_SETFL, so ? flags | O_DIRECT : flags & ~O_DIRECT));
}

schemas::unexpected<failure> unreadable(const std::string& why) {
  return schemas::refuse(error_code::store_failed,
                         "The disk does not give back what was stored (" + why + "). Tell the operator.");
}

/// Reads `wanted` bytes at `offset`. The block has room for whole pages, which O_DIRECT asks for.
result<void> read_block(int file, std::uint64_t offset, std::byte* into, std::size_t wanted) {
  bool cached = false;
  for (std::size_t have = 0; have < wanted;) {
    const auto left = wanted - have;
    const auto asked = cached ? left : (left + alignment - 1) / alignment * alignment;
    const auto got = ::pread(file, into + have, asked, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR)
      continue;
    // A filesystem, or a place in the middle of a page, that cannot do without the cache.
    if (got < 0 && errno == EINVAL && !cached) {
      bypass_cache(file, false);
      cached = true;
      continue;
    }
    if (got < 0)
      return unreadable(std::generic_category().message(errno));
    if (got == 0)
      return unreadable("it is shorter than it was");
    have += static_cast<std::size_t>(got);
  }
  return {};
}

/// What looks at every byte.
class lanes_of {
 public:
  explicit lanes_of(const read_back_plan& plan) : algorithm_{plan.os_hash_algo} {
    if (plan.inspection)
      all_.push_back(&inspection_.emplace(*plan.inspection));
    if (plan.md5 && algorithm_ == "sha512" && paired_digest::supported()) {
      all_.push_back(&paired_.emplace());
      return;
    }
    all_.push_back(&os_hash_.emplace(algorithm_));
    if (plan.md5)
      all_.push_back(&md5_.emplace("md5"));
  }

  result<void> consume(std::span<const std::byte> bytes) {
    for (auto* const each : all_)
      if (auto eaten = each->consume(bytes); !eaten)
        return eaten;
    return {};
  }
  result<schemas::content_facts> finish(std::uint64_t size) {
    for (auto* const each : all_)
      if (const auto ended = each->finish(); !ended)
        return schemas::unexpected<failure>{ended.error()};
    schemas::content_facts facts;
    facts.size = size;
    facts.os_hash_algo = algorithm_;
    facts.os_hash_value = paired_ ? paired_->values().sha512 : os_hash_->value();
    facts.md5 = paired_ ? paired_->values().md5 : md5_ ? md5_->value() : std::string{};
    if (!inspection_)
      return facts;
    const auto& verdict = inspection_->verdict();
    if (!verdict || !*verdict)
      return schemas::unexpected<failure>{verdict ? verdict->error()
                                                  : failure{error_code::internal_error, "The inspection did not end."}};
    facts.disk_format = (*verdict)->disk_format;
    facts.virtual_size = (*verdict)->virtual_size;
    return facts;
  }

 private:
  const std::string algorithm_;
  std::optional<inspection_lane> inspection_;
  std::optional<paired_lane> paired_;
  std::optional<digest_lane> os_hash_, md5_;
  std::vector<lane*> all_;
};

}  // namespace

result<schemas::content_facts> read_back(const read_back_plan& plan) {
  const aligned_block block{static_cast<std::byte*>(std::aligned_alloc(alignment, block_size))};
  if (!block)
    return schemas::refuse(error_code::overloaded, "There is no memory to read the image back. Try again later.");
  struct stat facts {};
  if (::fstat(plan.file, &facts) != 0)
    return unreadable(std::generic_category().message(errno));
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  bypass_cache(plan.file, true);
  lanes_of lanes{plan};
  for (std::uint64_t at = 0; at < size;) {
    if (plan.stopped())
      return schemas::refuse(error_code::cancelled, "It was cancelled while the image was read back.");
    plan.before->pass();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, size - at));
    auto done = read_block(plan.file, at, block.get(), wanted);
    if (done)
      done = lanes.consume({block.get(), wanted});
    if (!done)
      return schemas::unexpected<failure>{done.error()};
    at += wanted;
    plan.on_progress(at);
  }
  return lanes.finish(size);
}

}  // namespace sluice::actors
