// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/json_value.hpp"

using namespace sluice::schemas;

namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

std::string object_of(std::size_t members) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i)
    text.append(i == 0 ? "\"" : ",\"").append(std::to_string(i)).append("\":0");
  return text.append("}");
}

std::string array_of(std::size_t elements) {
  std::string text = "[";
  for (std::size_t i = 0; i < elements; ++i)
    text.append(i == 0 ? "0" : ",0");
  return text.append("]");
}

}  // namespace

TEST_CASE("A document is read whole, numbers as they were written") {
  const auto read = parse_json(
      R"( {"a":[null,true,false,"x\u00e9\ud83d\ude00\n",{}],"b":-1.50e+3,"c":123456789012345678901234567890,"":0} )");
  REQUIRE(read);
  const auto& list = *read->find("a")->as_array();
  REQUIRE(list.size() == 5);
  CHECK(list[0].is_null());
  CHECK(*list[1].as_bool());
  CHECK_FALSE(*list[2].as_bool());
  CHECK(*list[3].as_string() == "x\xc3\xa9\xf0\x9f\x98\x80\n");
  CHECK(list[4].as_object()->empty());
  CHECK(read->find("b")->as_number()->text == "-1.50e+3");
  CHECK(read->find("c")->as_number()->text == "123456789012345678901234567890");
  CHECK(read->find("")->as_number()->text == "0");
  CHECK(read->find("d") == nullptr);
  CHECK(list[0].find("a") == nullptr);
}

TEST_CASE("What is not one complete document of valid JSON is refused") {
  for (const std::string text : {"",
                                 " ",
                                 "null",
                                 "1",
                                 "\"x\"",
                                 "true",
                                 "{",
                                 "}",
                                 "[",
                                 "]",
                                 "{]",
                                 "[}",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{\"a\":1,}",
                                 "{,}",
                                 "[1,]",
                                 "[,1]",
                                 "[1 2]",
                                 "{\"a\":1 \"b\":2}",
                                 "{a:1}",
                                 "{'a':1}",
                                 "{\"a\":1}x",
                                 "{\"a\":1}{}",
                                 "{\"a\":1}]",
                                 "[1]]",
                                 "[[1]",
                                 "{\"a\":[1}",
                                 "[nul]",
                                 "[nulll]",
                                 "[tru]",
                                 "[True]",
                                 "[NaN]",
                                 "[Infinity]",
                                 "[-]",
                                 "[+1]",
                                 "[01]",
                                 "[-01]",
                                 "[1.]",
                                 "[.1]",
                                 "[1e]",
                                 "[1e+]",
                                 "[0x1]",
                                 "[1_0]",
                                 "[--1]",
                                 "[1.2.3]",
                                 "[\"\\x\"]",
                                 "[\"\\u12\"]",
                                 "[\"\\u12g4\"]",
                                 "[\"a]",
                                 "[\"\t\"]",
                                 "[\"\n\"]",
                                 "[\"a\" \"b\"]",
                                 "// c\n{}",
                                 "{}//",
                                 "[\"\\\"]",
                                 "\\u0041",
                                 "{1:2}",
                                 "{null:1}",
                                 "{\"a\"1}",
                                 "{\"a\"::1}",
                                 "[:]",
                                 "{\"a\":1:2}",
                                 "[\"a\":1]",
                                 "[1,,2]",
                                 "\xef\xbb\xbf{}"}) {
    INFO(text);
    const auto read = parse_json(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == error_code::invalid_json);
  }
}

TEST_CASE("Text that stands for no characters is refused") {
  const std::vector<std::string> rows{
      "[\"\xff\"]",
      "[\"\xc0\xaf\"]",
      "[\"\xed\xa0\x80\"]",
      "[\"\xf4\x90\x80\x80\"]",
      "[\"\xc3\"]",
      "[\"\\ud800\"]",
      "[\"\\udc00\"]",
      "[\"\\ud800\\u0041\"]",
      "[\"\\udc00\\ud800\"]",
      "[\"\\ud800\\ud800\"]",
      "[\"\\uD83D\"]",
      "[\"\\ud800x\\udc00\"]",
      "[\"\\ud800\\n\\udc00\"]",
      "[\"\\u0000\"]",
      "[\"a\\u0000b\"]",
      "{\"\\u0000\":1}",
      "{\"\\ud800\":1}",
      "[\"\\ud83d\\ude00\\ud83d\"]",
      std::string("[\"\0\"]", 5),
      std::string("[1]\0", 4),
  };
  for (const auto& text : rows) {
    INFO(text);
    const auto read = parse_json(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == error_code::invalid_json);
  }
  CHECK(parse_json(R"(["\\u0000"])"));
  CHECK(parse_json(R"(["\\ud800"])"));
  CHECK(parse_json(R"(["\\\\u0000"])"));
  CHECK_FALSE(parse_json(R"(["\\\u0000"])"));
  json_limits records;
  records.nul_allowed = true;
  CHECK(*parse_json(R"(["\u0000"])", records)->as_array()->front().as_string() == std::string(1, '\0'));
}

TEST_CASE("A key may stand once in each object, however it is spelled") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"({"a":1,"a":1})", "/a"},
      {R"({"a":1,"b":2,"\u0061":3})", "/a"},
      {R"([0,{"x":{"y/z":1,"y\/z":2}}])", "/1/x/y~1z"},
      {R"({"~":1,"~":2})", "/~0"},
  };
  for (const auto& [text, field] : rows) {
    INFO(text);
    const auto read = parse_json(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == error_code::invalid_json);
    CHECK(read.error().field == field);
  }
  CHECK(parse_json(R"({"a":{"a":{"a":1}},"A":[{"a":1},{"a":1}]})"));
}

TEST_CASE("Depth, members, elements and bytes are capped, each at exactly its limit") {
  CHECK(parse_json(nested(8)));
  CHECK_FALSE(parse_json(nested(9)));
  CHECK_FALSE(parse_json(nested(30000)));
  CHECK_FALSE(parse_json(std::string(60000, '[')));
  std::string deep_objects = "1";
  for (int i = 0; i < 9; ++i)
    deep_objects = std::string{"{\"a\":"}.append(deep_objects).append("}");
  CHECK_FALSE(parse_json(deep_objects));
  CHECK(parse_json(object_of(200)));
  CHECK_FALSE(parse_json(object_of(201)));
  CHECK_FALSE(parse_json(std::string{"["}.append(object_of(100)).append(",").append(object_of(101)).append("]")));
  CHECK(parse_json(array_of(1000)));
  CHECK_FALSE(parse_json(array_of(1001)));
  CHECK(parse_json("[\"" + std::string((64 << 10) - 4, 'x') + "\"]"));
  const auto large = parse_json("[\"" + std::string((64 << 10) - 3, 'x') + "\"]");
  REQUIRE_FALSE(large);
  CHECK(large.error().code == error_code::payload_too_large);
}

TEST_CASE("The strict parser and a lenient one agree on what is JSON") {
  const std::vector<std::string> seeds{
      R"({"location":"https://h/x","image_properties":{"name":"a\u00e9","tags":["b","c"],"min_disk":1,"x":"y"},"expect":{"size":12}})",
      R"([1,-2.5e3,true,false,null,"\"\\\/\b\f\n\r\t",[],{},[[{}]]])",
  };
  std::mt19937 random{20131};
  const std::string alphabet = "{}[]\",:\\ue0123456789.-+ntf \tEax";
  int accepted = 0;
  for (int round = 0; round < 60000; ++round) {
    auto text = seeds[random() % seeds.size()];
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      const auto at = random() % text.size();
      switch (random() % 3) {
        case 0: text.erase(at, 1); break;
        case 1: text[at] = alphabet[random() % alphabet.size()]; break;
        default: text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    const auto strict = parse_json(text);
    const auto lenient = nlohmann::json::parse(text, nullptr, false);
    if (strict) {
      ++accepted;
      INFO(text);
      REQUIRE_FALSE(lenient.is_discarded());
    } else if (!lenient.is_discarded() && lenient.is_structured() && strict.error().field.empty()) {
      // No duplicate key, and still refused: only NUL or a surrogate can be the reason, which the mutations cannot make
      // from valid JSON of one document.
      INFO(text);
      INFO(strict.error().message);
      CHECK((strict.error().message.find("U+0000") != std::string::npos ||
             strict.error().message.find("surrogate") != std::string::npos));
    }
  }
  CHECK(accepted > 1000);
}

TEST_CASE("Only whole numbers in range are whole numbers") {
  const auto read = [](const std::string& text) {
    return parse_json(std::string{"["}.append(text).append("]")).value().as_array()->front();
  };
  CHECK(whole_number(read("0"), 10, "/x") == std::uint64_t{0});
  CHECK(whole_number(read("10"), 10, "/x") == std::uint64_t{10});
  for (const std::string text : {"11", "-1", "-0", "1.0", "1e1", "1E0", "0.5", "18446744073709551616",
                                 "99999999999999999999999", "\"1\"", "null", "true", "[]", "{}"}) {
    INFO(text);
    const auto refused = whole_number(read(text), 10, "/x");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().field == "/x");
    CHECK_THAT(refused.error().message, Catch::Matchers::Contains("whole number from 0 to 10"));
  }
}
