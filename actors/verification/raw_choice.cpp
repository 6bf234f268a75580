// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/raw_choice.hpp"

#include "actors/verification/formats/kernel.hpp"
#include "actors/verification/refusals.hpp"

namespace sluice::actors::verification {
namespace {

formats::foreign_content kernel_content() {
  return {"a Linux kernel", "Declare it as disk_format 'aki' if it is the kernel of an Amazon image."};
}

}  // namespace

schemas::result<std::string> choose_raw_format(schemas::raw_policy policy, const std::optional<std::string>& declared,
                                               const raw_facts& facts) {
  const bool raw = !facts.kernel && (facts.filesystem || facts.partition_table);
  const auto content = facts.kernel ? std::optional{kernel_content()} : formats::describe_content(facts.front);
  const bool lenient = policy == schemas::raw_policy::any && !(content && content->certain);
  const auto wanted = declared.value_or("raw");
  const std::string_view title = !facts.title.empty() ? facts.title
                                 : content            ? content->title
                                                      : "nothing that is known here";
  bool accepted = raw || lenient;
  bool possible = true;
  if (wanted == "aki")
    accepted = facts.kernel || lenient || (!raw && formats::looks_like_kernel(facts.front));
  else if (wanted == "ari")
    accepted = facts.filesystem || lenient || (!raw && formats::looks_like_ramdisk(facts.front));
  else if (wanted == "vhd")
    accepted = raw || !content || !content->certain;
  else
    possible = wanted == "raw" || wanted == "ami";
  const bool recognised = raw || facts.kernel;
  if (!possible || (!accepted && declared && recognised))
    return schemas::unexpected<schemas::failure>{refuse_mismatch(wanted, title,
                                                                 raw            ? "raw"
                                                                 : facts.kernel ? "aki"
                                                                                : "")
                                                     .error()};
  if (!accepted)
    return schemas::unexpected<schemas::failure>{refuse_content(content).error()};
  return wanted;
}

}  // namespace sluice::actors::verification
