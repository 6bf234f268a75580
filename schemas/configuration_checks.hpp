// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/configuration.hpp"

/// What the rules of a sound configuration are written with. A refusal reads "key: expected …, got …", and its field
/// points to the key (RFC 6901), so that a file's line or a request's member can be found from it.
namespace sluice::schemas::configuration_checks {

/// `key` is dotted: "imports.max_running". For members below it, whose names may hold dots themselves, `below` is what
/// the pointer goes on with: "/1/profile".
[[nodiscard]] tl::unexpected<failure> refuse_key(std::string_view key, const std::string& words,
                                                 std::string_view below = {});

[[nodiscard]] std::string in_quotes(std::string_view text);

[[nodiscard]] result<void> check_word(std::string_view key, const std::string& word, std::span<const char* const> known,
                                      std::string_view below = {});
[[nodiscard]] result<void> check_words(std::string_view key, const std::vector<std::string>& words,
                                       std::span<const char* const> known);

template <class Value>
[[nodiscard]] result<void> check_positive(std::string_view key, Value value) {
  if (value > Value{})
    return {};
  return refuse_key(key, "expected more than zero, got 0");
}

/// The first refusal of several checks.
[[nodiscard]] result<void> first_refusal(std::initializer_list<result<void>> checks);

/// Rules of `[auth.keystone]`, which hold only in mode "keystone": where it is, and exactly one account of the service.
[[nodiscard]] result<void> check_keystone(const keystone_configuration& keystone);

/// Rules of `[verify.barbican]`, which needs the service's account at Keystone in every mode.
[[nodiscard]] result<void> check_barbican(const configuration& subject);

/// Rules of `[bandwidth]`: words, ranges, caps that leave room for the trickle, hours that do not contradict each
/// other.
[[nodiscard]] result<void> check_bandwidth(const bandwidth_configuration& bandwidth);

/// Rules of `[[verify.command]]` and `[verify.clamav]`: names, programs that are there, sockets of this machine.
/// `formats` are those that there are.
[[nodiscard]] result<void> check_verifiers(const verify_configuration& verify, std::span<const char* const> formats);

}  // namespace sluice::schemas::configuration_checks
