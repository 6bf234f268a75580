// SPDX-License-Identifier: Apache-2.0
// What every check does of the fuzzing: each target over its seeds, over what was once found
// (tests/fuzz/found/TARGET/), and over a fixed number of mutations of both.
//
//   fuzz_replay [--mutations N]            all targets
//   fuzz_replay --seeds DIRECTORY TARGET   writes a target's seeds there, one file each
//   fuzz_replay --targets                  their names
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

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
  auto inputs = subject.seeds();
  const auto found = std::filesystem::path{SLUICE_SOURCE_DIR} / "tests/fuzz/found" / subject.name;
  if (std::filesystem::is_directory(found))
    for (const auto& entry : std::filesystem::directory_iterator{found})
      inputs.push_back(read(entry.path()));
  return inputs;
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

int write_seeds(const std::filesystem::path& directory, const std::string& name) {
  const auto* const subject = find_target(name);
  if (subject == nullptr) {
    std::cerr << "there is no target " << name << "; --targets lists them\n";
    return 2;
  }
  std::filesystem::create_directories(directory);
  std::size_t number = 0;
  for (const auto& seed : inputs_of(*subject))
    std::ofstream{directory / ("seed-" + std::to_string(++number)), std::ios::binary}.write(
        reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
  return 0;
}

void replay(const target& subject, unsigned mutations) {
  std::mt19937 random{1};
  std::size_t runs = 0;
  for (const auto& input : inputs_of(subject)) {
    subject.run(input);
    for (unsigned i = 0; i < mutations; ++i)
      subject.run(mutated(input, random));
    runs += 1 + mutations;
  }
  std::cout << subject.name << ": " << runs << " inputs\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (words.size() == 3 && words[0] == "--seeds")
    return write_seeds(words[1], words[2]);
  if (words.size() == 1 && words[0] == "--targets") {
    for (const auto& each : targets())
      std::cout << each.name << '\n';
    return 0;
  }
  const auto given = words.size() == 2 && words[0] == "--mutations";
  if (!words.empty() && !given) {
    std::cerr << "usage: fuzz_replay [--mutations N | --seeds DIRECTORY TARGET | --targets]\n";
    return 2;
  }
  const auto mutations = given ? static_cast<unsigned>(std::stoul(words[1])) : 200U;
  for (const auto& each : targets())
    replay(each, mutations);
}
