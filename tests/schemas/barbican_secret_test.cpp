// SPDX-License-Identifier: Apache-2.0
#include "schemas/barbican_secret.hpp"

#include <catch2/catch.hpp>

namespace sluice::schemas {

TEST_CASE("The media type of a secret's payload is what Barbican says, and never more than a media type") {
  const auto said = [](const std::string& type) {
    return barbican_payload_type(R"({"status": "ACTIVE", "content_types": {"default": )" + type +
                                 R"(}, "name": null})");
  };
  CHECK(said(R"("application/octet-stream")") == "application/octet-stream");
  CHECK(said(R"("text/plain")") == "text/plain");
  for (const auto* const wrong : {R"("")", R"("text")", R"("/plain")", R"("text/")", R"("a/b/c")", "null", "1", "{}",
                                  R"("text/plain; charset=utf-8")", R"("text/plain\r\nX-Auth-Token: x")"})
    CHECK_FALSE(said(wrong));
  CHECK_FALSE(said('"' + std::string(120, 'a') + "/bcdefgh\""));
  for (const auto* const wrong : {"", "[]", "{}", R"({"content_types": null})", R"({"content_types": {"x": "a/b"}})"})
    CHECK_FALSE(barbican_payload_type(wrong));
}

}  // namespace sluice::schemas
