# Writes OUTPUT, a C++ file that holds every JSON document of FOLDER by its name: FUNCTION, declared in HEADER, finds them.
# Run by `cmake -P` when one of them changes.
file(GLOB documents LIST_DIRECTORIES false ${FOLDER}/*.json)
list(SORT documents)
set(rows "")
foreach(document IN LISTS documents)
  get_filename_component(name ${document} NAME_WE)
  file(READ ${document} text)
  string(STRIP "${text}" text)
  string(APPEND rows "    row{\"${name}\", R\"~~~(${text})~~~\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// SPDX-License-Identifier: Apache-2.0
// Made from schemas/published by schemas/embed_schemas.cmake.
#include <algorithm>
#include <array>

#include \"${HEADER}\"

namespace sluice::schemas {
namespace {

struct row {
  std::string_view name;
  std::string_view text;
};

constexpr std::array documents{
${rows}};

}  // namespace

std::string_view ${FUNCTION}(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(documents, name, &row::name);
  return found == documents.end() ? std::string_view{} : found->text;
}

}  // namespace sluice::schemas
")
