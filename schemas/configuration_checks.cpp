// SPDX-License-Identifier: Apache-2.0
#include "schemas/configuration_checks.hpp"

#include <algorithm>

namespace sluice::schemas::configuration_checks {

tl::unexpected<failure> refuse_key(std::string_view key, const std::string& words, std::string_view below) {
  std::string pointer{'/'};
  pointer += key;
  std::ranges::replace(pointer, '.', '/');
  pointer += below;
  return refuse(error_code::invalid_request, std::string{key} + ": " + words, std::move(pointer));
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string{text} + '"';
}

result<void> check_word(std::string_view key, const std::string& word, std::span<const char* const> known,
                        std::string_view below) {
  if (std::ranges::any_of(known, [&word](std::string_view each) { return each == word; }))
    return {};
  std::string all;
  for (const auto* const each : known)
    all += (all.empty() ? "" : ", ") + in_quotes(each);
  return refuse_key(key, "expected one of " + all + ", got " + in_quotes(word), below);
}

result<void> check_words(std::string_view key, const std::vector<std::string>& words,
                         std::span<const char* const> known) {
  if (words.empty())
    return refuse_key(key, "expected at least one, got an empty array");
  for (const auto& word : words)
    if (auto checked = check_word(key, word, known); !checked)
      return checked;
  return {};
}

result<void> first_refusal(std::initializer_list<result<void>> checks) {
  for (const auto& check : checks)
    if (!check)
      return check;
  return {};
}

}  // namespace sluice::schemas::configuration_checks
