// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/sandbox/walk_job.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "actors/verification/sandbox/keeper_messages.hpp"
#include "schemas/text.hpp"

namespace sluice::actors::verification::sandbox {
namespace {

using schemas::error_code;
using schemas::failure;

constexpr std::size_t most_words = 2000;
constexpr std::size_t most_remarks = 32;

/// Those that say something about an image; anything else in a report is not the walk speaking.
bool can_be_said_of_an_image(error_code code) noexcept {
  return (code >= error_code::not_an_image && code <= error_code::verifier_failed) || code == error_code::store_failed;
}

schemas::unexpected<failure> no_report() {
  return schemas::refuse(
      error_code::verifier_failed,
      "The image could not be judged: what read it did not come to a result. Try again; if it stays, "
      "tell the operator.");
}

std::string shown(std::string text) {
  text.resize(std::min(text.size(), most_words));
  return schemas::one_line(text);
}

std::string encode_report(const schemas::result<structure::walk_findings>& outcome) {
  message_writer into{keeper_word::ended};
  into.number(outcome ? 0 : static_cast<std::uint64_t>(outcome.error().code));
  if (!outcome)
    return into.text(outcome.error().message).bytes();
  into.text(outcome->disk_format).number(outcome->virtual_size).number(outcome->allocated).texts(outcome->remarks);
  return into.bytes();
}

constexpr std::array functions{built_in{walk_function, walk_image, prepare_walks}};

}  // namespace

std::string encode_walk(std::string_view disk_format, const structure::walk_policy& policy) {
  message_writer into{keeper_word::run};
  into.text(disk_format)
      .number(policy.max_virtual_size)
      .number(policy.memory)
      .number(static_cast<std::uint64_t>(policy.time.count()))
      .number(policy.accept_dirty ? 1 : 0)
      .number(policy.accept_trailing_bytes ? 1 : 0);
  return into.bytes();
}

void prepare_walks() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  static_cast<void>(EVP_Digest("", 0, digest.data(), &length, EVP_sha256(), nullptr));
}

std::string walk_image(int image, std::string_view input) {
  message_reader from{input};
  from.number();
  const auto disk_format = from.text();
  structure::walk_policy policy;
  policy.max_virtual_size = from.number();
  policy.memory = from.number();
  policy.time = from.duration<std::chrono::milliseconds>();
  policy.accept_dirty = from.number() != 0;
  policy.accept_trailing_bytes = from.number() != 0;
  const auto walk = structure::walk_of(disk_format);
  if (!from.complete() || walk == nullptr)
    return encode_report(no_report());
  auto bytes = structure::file_bytes::of(image);
  if (!bytes)
    return encode_report(schemas::unexpected{bytes.error()});
  structure::walk_budget budget{policy};
  return encode_report(walk(*bytes, policy, budget));
}

schemas::result<structure::walk_findings> decode_walk_report(std::string_view report) {
  message_reader from{report};
  from.number();
  const auto number = from.number();
  if (number > schemas::error_descriptions().size())
    return no_report();
  const auto code = static_cast<error_code>(number);
  if (from.sound() && code != error_code::none) {
    auto words = shown(from.text());
    if (!from.complete() || words.empty() || !can_be_said_of_an_image(code))
      return no_report();
    return schemas::refuse(code, std::move(words));
  }
  structure::walk_findings findings;
  findings.disk_format = shown(from.text());
  findings.virtual_size = from.number();
  findings.allocated = from.number();
  auto remarks = from.texts();
  if (!from.complete())
    return no_report();
  remarks.resize(std::min(remarks.size(), most_remarks));
  for (auto& remark : remarks)
    findings.remarks.push_back(shown(std::move(remark)));
  return findings;
}

std::span<const built_in> built_in_functions() noexcept {
  return functions;
}

}  // namespace sluice::actors::verification::sandbox
