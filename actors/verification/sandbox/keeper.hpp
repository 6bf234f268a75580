// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

/// The keeper: a small process with one thread that makes the children which look at hostile bytes. The service has
/// dozens of threads and gigabytes of mappings, and cannot fork; the keeper can, in a fraction of a millisecond and
/// without executing anything. It ends when the service does, and its children end when it does, however each ends.
namespace sluice::actors::verification::sandbox {

/// The argument by which the program knows that it is to be the keeper, and the descriptor of its end of the socket.
inline constexpr std::string_view keeper_argument = "sandbox-keeper";
inline constexpr int keeper_descriptor = 3;

/// A function that children run on the open file `image`; what it returns is the report. It may throw and crash: it has
/// a process of its own.
struct built_in {
  std::string_view name;
  std::string (*run)(int image, std::string_view input);
  void (*prepare)() = nullptr;  ///< once, in the keeper: what a child could not do any more, such as loading tables
};

/// Exit statuses of children that have no report.
inline constexpr int fault_thrown = 122;
inline constexpr int out_of_memory = 123;

/// Whether the program was started to be the keeper. To be asked first of all in `main`.
[[nodiscard]] bool is_keeper(int argc, char** argv) noexcept;

/// The life of the keeper: until the service's end of the socket is closed. The exit status of the process.
[[nodiscard]] int keep(std::span<const built_in> functions);

}  // namespace sluice::actors::verification::sandbox
