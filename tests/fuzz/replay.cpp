// SPDX-License-Identifier: Apache-2.0
// What every check does of the fuzzing: each target over its seeds, over what was once found
// (tests/fuzz/found/TARGET/), and over a fixed number of mutations of both.
//
//   fuzz_replay [--mutations N]            all targets
//   fuzz_replay --seeds DIRECTORY TARGET   writes a target's seeds there, one file each
//   fuzz_replay --words TARGET             the words in its seeds, as libFuzzer's -dict reads them
//   fuzz_replay --corpus DIRECTORY TARGET  runs the target over its seeds and the files there, once each
//   fuzz_replay --targets                  their names
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/mutator.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/file_content.hpp"

namespace {

using namespace sluice::tests::fuzz;

bytes read(const std::filesystem::path& file) {
  const auto text = sluice::tests::file_content(file);
  const auto view = std::as_bytes(std::span{text});
  return {view.begin(), view.end()};
}

std::vector<bytes> inputs_of(const target& subject) {
  auto inputs = subject.seeds == nullptr ? std::vector<bytes>{} : subject.seeds();
  for (const auto* const folder : {"seeds", "found"}) {
    const auto files = std::filesystem::path{SLUICE_SOURCE_DIR} / "tests/fuzz" / folder / subject.name;
    if (std::filesystem::is_directory(files))
      for (const auto& entry : std::filesystem::directory_iterator{files})
        inputs.push_back(read(entry.path()));
  }
  return inputs;
}

/// As a fuzzer changes an outline, with noise in the place of its own mutations.
bytes mutated_image(outline image, std::mt19937& random) {
  mutate_image(image, random(), [&](std::span<std::byte> part) {
    for (auto& each : part)
      each = static_cast<std::byte>(random());
  });
  return written(image);
}

/// Bytes set to what breaks parsers, in places that are more often near the front; now and then a shorter file.
bytes mutated(bytes input, std::mt19937& random) {
  constexpr unsigned char telling[] = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
  if (input.empty())
    return input;
  for (auto changes = 1 + random() % 8; changes > 0; --changes) {
    const auto reach = std::max<std::size_t>(1, input.size() >> (random() % 12));
    input[random() % reach] =
        random() % 2 == 0 ? std::byte{telling[random() % std::size(telling)]} : std::byte(random() % 256);
  }
  if (random() % 8 == 0)
    input.resize(random() % input.size());
  return input;
}

int write_seeds(const target& subject, const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  std::size_t number = 0;
  for (const auto& seed : inputs_of(subject))
    std::ofstream{directory / ("seed-" + std::to_string(++number)), std::ios::binary}.write(
        reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
  return 0;
}

/// Names and values that a mutation of single bytes would take long to find.
int write_words(const target& subject) {
  constexpr std::size_t longest = 64;
  const auto in_word = [](std::byte each) {
    const auto code = std::to_integer<unsigned char>(each);
    return std::isalnum(code) != 0 || code == '_' || code == '-' || code == '.';
  };
  std::set<std::string> words;
  for (const auto& input : inputs_of(subject))
    for (auto at = input.begin(); (at = std::find_if(at, input.end(), in_word)) != input.end();) {
      const auto end = std::find_if_not(at, input.end(), in_word);
      std::string word;
      std::transform(at, end, std::back_inserter(word), [](std::byte each) { return static_cast<char>(each); });
      if (subject.form == input_form::text && word.size() > 1 && word.size() <= longest)
        words.insert(std::move(word));
      at = end;
    }
  for (const auto& word : words)
    std::cout << '"' << word << "\"\n";
  return 0;
}

int run_corpus(const target& subject, const std::filesystem::path& directory) {
  for (const auto& input : inputs_of(subject))
    subject.run(input);
  if (std::filesystem::is_directory(directory))
    for (const auto& entry : std::filesystem::directory_iterator{directory})
      subject.run(read(entry.path()));
  return 0;
}

void replay(const target& subject, unsigned mutations) {
  std::mt19937 random{1};
  std::size_t runs = 0;
  for (const auto& input : inputs_of(subject)) {
    subject.run(input);
    const auto image = subject.form == input_form::image ? read_outline(input) : std::nullopt;
    for (unsigned i = 0; i < mutations; ++i)
      subject.run(image ? mutated_image(*image, random) : mutated(input, random));
    runs += 1 + mutations;
  }
  std::cout << subject.name << ": " << runs << " inputs\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  const auto* const subject = words.size() > 1 ? find_target(words.back()) : nullptr;
  if (words.size() == 3 && words[0] == "--seeds" && subject != nullptr)
    return write_seeds(*subject, words[1]);
  if (words.size() == 3 && words[0] == "--corpus" && subject != nullptr)
    return run_corpus(*subject, words[1]);
  if (words.size() == 2 && words[0] == "--words" && subject != nullptr)
    return write_words(*subject);
  if (words.size() == 1 && words[0] == "--targets") {
    for (const auto& each : targets())
      std::cout << each.name << '\n';
    return 0;
  }
  const auto given = words.size() == 2 && words[0] == "--mutations";
  if (!words.empty() && !given) {
    std::cerr
        << "usage: fuzz_replay [--mutations N | --seeds DIRECTORY TARGET | --words TARGET |\n"
           "                    --corpus DIRECTORY TARGET | --targets]; there is no other target than those listed\n";
    return 2;
  }
  const auto mutations = given ? static_cast<unsigned>(std::stoul(words[1])) : 200U;
  for (const auto& each : targets())
    replay(each, mutations);
}
