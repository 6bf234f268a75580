// SPDX-License-Identifier: Apache-2.0
#include "tests/http/server/isolation_matrix.hpp"

#include <catch2/catch.hpp>

namespace sluice::http {

void matrix::check(const std::vector<cell_row>& rows, const std::string& visibility) {
  for (const auto& row : rows)
    for (std::size_t who = 0; who < callers.size(); ++who) {
      const auto path = filled_in(row.path, visibility);
      const auto body = filled_in(row.body, visibility);
      auto fields = callers[who].second + "Accept: application/json\r\n";
      if (row.method == "PATCH")
        fields += "Content-Type: application/openstack-images-v2.1-json-patch\r\n";
      else if (body == "bytes")
        fields += "Content-Type: application/octet-stream\r\n";
      else if (!body.empty())
        fields += "Content-Type: application/json\r\n";
      const auto answer = service_.ask(row.method, path, fields, body);
      INFO(visibility << ": " << row.method << " " << row.path << " by the " << callers[who].first << ": "
                      << answer.body);
      CHECK(answer.status == row.expected[who]);
      if (answer.status >= 400)
        CHECK(answer.body.find(secret_) == std::string::npos);
    }
}

std::string matrix::fresh_image(const std::string& visibility) {
  auto image = service_.put_image(++count_, "a", "bytes", visibility);
  image.properties.tags = {"old"};
  image.properties.name = secret_;
  service_.put(image);
  schemas::image_member member;
  member.image_id = image.id;
  member.member_id = "b";
  member.status = schemas::member_status::accepted;
  service_.put(member);
  return image.id;
}

std::string matrix::fresh_namespace(const std::string& visibility) {
  const auto name = "namespace-" + std::to_string(++count_);
  const auto made =
      service_.ask("POST", "/v2/metadefs/namespaces", administrator + "Content-Type: application/json\r\n",
                   R"({"namespace": ")" + name + R"(", "visibility": ")" + visibility +
                       R"(", "owner": "a", "display_name": ")" + secret_ +
                       R"(", "resource_type_associations": [{"name": "OS::Glance::Image"}],
                                     "objects": [{"name": "o"}], "tags": [{"name": "t"}],
                                     "properties": {"p": {"title": "P", "type": "string"}}})");
  INFO(made.body);
  REQUIRE(made.status == 201);
  return name;
}

std::string matrix::filled_in(std::string text, const std::string& visibility) {
  const auto fill = [&text](std::string_view placeholder, const auto& make) {
    if (const auto at = text.find(placeholder); at != std::string::npos)
      text.replace(at, placeholder.size(), make());
  };
  fill("{id}", [&] { return fresh_image(visibility); });
  fill("{import}", [&] { return service_.put_import(++count_, "a").id; });
  fill("{namespace}", [&] { return fresh_namespace(visibility); });
  fill("{fresh}", [&] { return "fresh-" + std::to_string(++count_); });
  return text;
}

}  // namespace sluice::http
