// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/json.hpp"
#include "tests/schemas/golden.hpp"
#include "tests/schemas/samples.hpp"

/// check_published.py holds the files that are read here against the published schemas: what we accept, refuse and
/// answer is what they say.
using namespace sluice::schemas;
using nlohmann::json;

namespace {

void check_answer(const std::string& name, const std::string& answer) {
  INFO(name);
  const auto path = std::string{"answers/"}.append(name).append(".json");
  const auto pretty = json::parse(answer).dump(2).append("\n");
  CHECK(golden(path, pretty) == pretty);
}

}  // namespace

TEST_CASE("Our parser and the published schema accept and refuse the same requests") {
  std::ifstream stream{SLUICE_SOURCE_DIR "/tests/schemas/golden/requests.json"};
  const auto requests = json::parse(stream);
  REQUIRE(requests["accepted"].size() > 5);
  REQUIRE(requests["refused"].size() > 30);
  const identity member{"p", "u", {"member"}};
  for (const auto& request : requests["accepted"]) {
    INFO(request);
    CHECK(parse_import_request(request.dump(), member, {}));
  }
  for (const auto& request : requests["refused"]) {
    INFO(request);
    CHECK_FALSE(parse_import_request(request.dump(), member, {}));
  }
}

TEST_CASE("Answers stay as they are published") {
  using enum image_import_status;
  const progress_view fetching{"fetching", 65536, 196616, 1000, 131, std::nullopt, "bandwidth"};
  check_answer("image-import.waiting",
               to_json(samples::import(waiting), progress_view{"waiting", 0, {}, {}, {}, 3, "queue"}));
  check_answer("image-import.uploading", to_json(samples::import(uploading), fetching));
  check_answer("image-import.verifying", to_json(samples::import(verifying), std::nullopt));
  check_answer("image-import.success", to_json(samples::import(success), std::nullopt));
  check_answer("image-import.failure", to_json(samples::import(image_import_status::failure), std::nullopt));
  std::vector<import_with_progress> imports;
  for (const auto status : {waiting, uploading, verifying, success, image_import_status::failure})
    imports.push_back({samples::import(status), fetching});
  check_answer("image-imports.full",
               to_json(imports, {"/v2/image-imports?limit=5", "/v2/image-imports?limit=5&marker=x"}));
  check_answer("image-imports.empty",
               to_json(std::vector<import_with_progress>{}, {"/v2/image-imports", std::nullopt}));
  check_answer("image.active", to_json(samples::image()));
  image_page_text images{1};
  images.add(samples::image());
  check_answer("images.full", std::move(images).finish({"/v2/images", "/v2/images?marker=x"}));
  check_answer("problem.field", problem_json({error_code::unknown_member, "Expected less.", "/x"}));
  check_answer("problem.plain", problem_json({error_code::not_found, "There is no such import."}));
}
