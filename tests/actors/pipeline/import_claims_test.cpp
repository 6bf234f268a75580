// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include "actors/certificates/configured_certificates.hpp"
#include "tests/actors/pipeline/pipeline_fixture.hpp"
#include "tests/support/signer.hpp"

using namespace sluice;
using namespace sluice::test;
using Catch::Matchers::Contains;
using schemas::error_code;

namespace {

const std::string sums_url = "https://source.example/SHA256SUMS";
const std::string certificate_id = "71c675ab-d94f-49cd-a114-e12490b328d9";

std::shared_ptr<const bytes> text(const std::string& words) {
  const auto octets = std::as_bytes(std::span{words});
  return std::make_shared<const bytes>(octets.begin(), octets.end());
}

/// Certificates that are there after so many failed attempts.
class scripted_certificates final : public actors::certificate_source {
 public:
  boost::asio::awaitable<actors::source_result<std::string>> certificate(std::string id) override {
    ++asked;
    actors::source_result<std::string> answer;
    if (failures > 0) {
      --failures;
      answer = tl::unexpected<actors::source_failure>{
          actors::source_failure{schemas::failure{error_code::source_unreachable, "Not now."}, true}};
    } else if (id == certificate_id && !bytes.empty()) {
      answer = bytes;
    } else {
      answer = tl::unexpected<actors::source_failure>{actors::unknown_certificate(id)};
    }
    co_return answer;
  }
  std::string bytes;
  int failures = 0;
  int asked = 0;
};

schemas::image_import signed_record(const std::string& signature, const std::string& method = "SHA-256",
                                    const std::string& kind = "RSA-PSS") {
  auto made = pipeline_fixture::record();
  made.request.properties.extra = {{"img_signature", base64(signature)},
                                   {"img_signature_hash_method", method},
                                   {"img_signature_key_type", kind},
                                   {"img_signature_certificate_uuid", certificate_id}};
  return made;
}

}  // namespace

TEST_CASE_METHOD(pipeline_fixture, "every expected checksum must hold, whichever lane computes it") {
  const auto content = raw_disk(block + 512);
  sources.play({serving(content)});
  options.digests.os_hash_algo = GENERATE("sha512", "sha256");
  options.digests.md5 = GENERATE(true, false);
  auto what = record();
  for (const auto* const algorithm : {"sha256", "sha512", "sha1", "md5"})
    what.request.expect.checksums.push_back({algorithm, digest_of(algorithm, *content)});
  SECTION("all right") {
    const auto outcome = run(what);
    REQUIRE(outcome.facts);
    CHECK((staged(what.id) == *content));
  }
  SECTION("one wrong") {
    auto& wrong = what.request.expect.checksums[GENERATE(0U, 1U, 2U, 3U)];
    const auto right = wrong.value;
    wrong.value.front() = wrong.value.front() == '0' ? '1' : '0';
    const auto why = failure_of(what);
    CHECK(why.code == error_code::checksum_mismatch);
    CHECK_THAT(why.message, Contains(wrong.algorithm + ' ' + wrong.value + ", but those received have " + right));
    CHECK(blobs->staged_ids().empty());
  }
  SECTION("two wrong, both are named") {
    what.request.expect.checksums[1].value = std::string(128, '0');
    what.request.expect.checksums[3].value = std::string(32, '0');
    CHECK_THAT(failure_of(what).message, Contains("sha512 0000") && Contains("md5 0000"));
  }
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a file of checksums is read before the image and decides") {
  const auto content = raw_disk(block + 512);
  auto what = record();
  what.request.location = "https://source.example/images/disk%201.img?key=secret";
  what.request.expect.checksums_url = sums_url;
  sources.set(what.request.location, {serving(content)});
  const auto right = digest_of("sha256", *content);
  SECTION("right, under the last segment of the location") {
    sources.set(sums_url, {serving(text(right + "  disk 1.img\n"))});
    check_complete(run(what), *content, what.id);
    const auto opened = sources.log->opened();
    REQUIRE(opened.size() == 2);
    CHECK(opened[0].location == sums_url);
  }
  SECTION("right, under a name of its own, and sha512 too") {
    what.request.expect.checksums_name = "other.img";
    sources.set(sums_url,
                {serving(text(right + " *other.img\nSHA512 (other.img) = " + digest_of("sha512", *content)))});
    check_complete(run(what), *content, what.id);
  }
  SECTION("wrong") {
    sources.set(sums_url, {serving(text(std::string(64, '0') + "  disk 1.img\n"))});
    const auto why = failure_of(what);
    CHECK(why.code == error_code::checksum_mismatch);
    CHECK_THAT(why.message, Contains(std::string{"sha256 "}.append(64, '0')) && Contains(right));
  }
  SECTION("wrong as sha512 only") {
    sources.set(sums_url, {serving(text(right + "  disk 1.img\n" + std::string(128, '0') + "  disk 1.img\n"))});
    CHECK_THAT(failure_of(what).message, Contains("sha512"));
  }
  SECTION("the image is not named, and not fetched") {
    sources.set(sums_url, {serving(text(right + "  disk.img\n"))});
    const auto why = failure_of(what);
    CHECK(why.code == error_code::checksum_mismatch);
    CHECK_THAT(why.message, Contains("disk 1.img") && !Contains("secret"));
    CHECK(sources.log->opened().size() == 1);
  }
  SECTION("it contradicts the request, and the image is not fetched") {
    what.request.expect.checksums = {{"sha256", std::string(64, 'f')}};
    sources.set(sums_url, {serving(text(right + "  disk 1.img\n"))});
    CHECK(failure_of(what).code == error_code::checksum_mismatch);
    CHECK(sources.log->opened().size() == 1);
  }
  SECTION("longer than 1 MiB") {
    auto attempt = serving(std::make_shared<bytes>((std::size_t{1} << 20) + 1, std::byte{'\n'}));
    attempt.announces = GENERATE(true, false);
    sources.set(sums_url, {attempt});
    const auto why = failure_of(what);
    CHECK(why.code == error_code::checksum_mismatch);
    CHECK_THAT(why.message, Contains("1 MiB"));
    CHECK(sources.log->given <= (std::uint64_t{1} << 20) + 1);
    CHECK(sources.log->opened().size() == 1);
  }
  SECTION("exactly 1 MiB") {
    const auto line = "\n" + right + "  disk 1.img";
    sources.set(sums_url, {serving(text(std::string((std::size_t{1} << 20) - line.size(), '#') + line))});
    check_complete(run(what), *content, what.id);
  }
  SECTION("lost on the way at first") {
    auto first = serving(text(right + "  disk 1.img\n"));
    first.fail_at = 10;
    auto second = first;
    second.fail_at.reset();
    sources.set(sums_url, {first, second});
    check_complete(run(what), *content, what.id);
  }
  SECTION("never there") {
    auto attempt = serving(text(""));
    attempt.refuse_open = actors::source_failure{
        schemas::failure{error_code::source_status, "Could not retrieve image. Received 404 response."}, false};
    sources.set(sums_url, {attempt});
    const auto why = failure_of(what);
    CHECK(why.code == error_code::source_status);
    CHECK(why.message == "Could not retrieve the file of checksums. Received 404 response.");
    CHECK(sources.log->opened().size() == 1);
  }
  SECTION("never whole") {
    options.imports.retries = 2;
    auto attempt = serving(text(right + "  disk 1.img\n"));
    attempt.end_at = 20;
    sources.set(sums_url, {attempt});
    CHECK(failure_of(what).code == error_code::source_truncated);
    CHECK(sources.log->opened().size() == 3);
  }
  SECTION("stopped while it is read") {
    auto attempt = serving(text(right + "  disk 1.img\n"));
    attempt.stall_at = 5;
    sources.set(sums_url, {attempt});
    sources.log->on_bytes = [&](const std::string&, std::uint64_t at) {
      if (at == 5)
        running().stop(what.id);
    };
    const auto outcome = run(what);
    CHECK_FALSE(outcome.why);
    CHECK_FALSE(outcome.facts);
  }
  check_all_returned();
}

TEST_CASE_METHOD(pipeline_fixture, "a signed image must be the one that was signed") {
  const auto content = raw_disk(block * 2 + 512);
  sources.play({serving(content)});
  const signer who{"RSA-PSS"};
  scripted_certificates certificates;
  certificates.bytes = who.pem();
  options.certificates = &certificates;
  SECTION("by every hash") {
    const auto [method, hash] = GENERATE(table<std::string, std::string>(
        {{"SHA-224", "sha224"}, {"SHA-256", "sha256"}, {"SHA-384", "sha384"}, {"SHA-512", "sha512"}}));
    const auto what = signed_record(who.sign(*content, hash), method);
    check_complete(run(what), *content, what.id);
  }
  SECTION("another image was signed") {
    const auto why = failure_of(signed_record(who.sign(*raw_disk(block, 9), "sha256")));
    CHECK(why.code == error_code::signature_invalid);
    CHECK(blobs->staged_ids().empty());
  }
  SECTION("the certificate is not known, and nothing is fetched") {
    certificates.bytes.clear();
    const auto why = failure_of(signed_record(who.sign(*content, "sha256")));
    CHECK(why.code == error_code::signature_invalid);
    CHECK_THAT(why.message, Contains(certificate_id));
    CHECK(sources.log->opened().empty());
  }
  SECTION("no certificates are known at all") {
    options.certificates = nullptr;
    CHECK(failure_of(signed_record(who.sign(*content, "sha256"))).code == error_code::signature_invalid);
    CHECK(sources.log->opened().empty());
  }
  SECTION("the certificate has expired, and nothing is fetched") {
    certificates.bytes = signer{"RSA-PSS", {-7200, -3600, nullptr}}.pem();
    CHECK_THAT(failure_of(signed_record(who.sign(*content, "sha256"))).message, Contains("expired"));
    CHECK(sources.log->opened().empty());
  }
  SECTION("the certificate comes at the third attempt") {
    certificates.failures = 2;
    const auto what = signed_record(who.sign(*content, "sha256"));
    check_complete(run(what), *content, what.id);
    CHECK(certificates.asked == 3);
  }
  SECTION("the certificate never comes") {
    certificates.failures = 1000;
    options.imports.retries = 2;
    CHECK(failure_of(signed_record(who.sign(*content, "sha256"))).code == error_code::source_unreachable);
    CHECK(certificates.asked == 3);
  }
  SECTION("the bytes start over, and are judged whole") {
    auto first = serving(raw_disk(block * 2, 5));
    first.fail_at = block + 7;
    auto second = serving(content);
    second.validator = "\"v2\"";
    sources.play({first, second});
    const auto what = signed_record(who.sign(*content, "sha256"));
    check_complete(run(what), *content, what.id);
  }
  check_all_returned();
}

TEST_CASE("Configured certificates are read at the start, or the service does not start") {
  const tests::temporary_directory folder;
  std::ofstream{folder / "good.pem"} << signer{"RSA-PSS"}.pem();
  std::ofstream{folder / "good.der", std::ios::binary} << signer{"RSA-PSS"}.der();
  std::ofstream{folder / "bad.pem"} << "no certificate";
  std::ofstream{folder / "empty.pem"};
  schemas::verify_configuration verify;
  verify.certificates[certificate_id] = folder / GENERATE("good.pem", "good.der");
  CHECK(actors::configured_certificates::load(verify));
  for (const auto* const wrong : {"bad.pem", "empty.pem", "absent.pem", ""}) {
    INFO(wrong);
    verify.certificates[certificate_id] = folder / wrong;
    const auto refused = actors::configured_certificates::load(verify);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Contains("verify.certificates." + certificate_id + ": expected a") &&
                                            Contains((folder / wrong).string()));
  }
}
