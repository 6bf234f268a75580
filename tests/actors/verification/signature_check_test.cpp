// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/signatures/signature_check.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/signer.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace sluice;
using namespace sluice::test;
using Catch::Matchers::Contains;
namespace verification = actors::verification;
using verification::signature_check;

namespace {

const std::string content = "All bytes of the image.";

std::span<const std::byte> data() {
  return std::as_bytes(std::span{content});
}

std::string digest(const std::string& algorithm) {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  must(EVP_Digest(content.data(), content.size(), value, &length, EVP_get_digestbyname(algorithm.c_str()), nullptr) ==
       1);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", value[i]);
    text += two;
  }
  return text;
}

schemas::image_signature signature_by(const signer& who, const std::string& kind, const std::string& hash) {
  schemas::image_signature made;
  made.signature = who.sign(data(), hash);
  made.hash_algorithm = hash;
  made.key_type = kind;
  made.certificate_id = "71c675ab-d94f-49cd-a114-e12490b328d9";
  return made;
}

signature_check prepared(const schemas::image_signature& signature, const std::string& certificate) {
  auto check = signature_check::prepare(signature, certificate, nullptr, std::chrono::system_clock::now());
  if (!check)
    FAIL(check.error().message);
  return std::move(*check);
}

std::string refusal(const schemas::image_signature& signature, const std::string& certificate,
                    const verification::trusted_authorities* authorities = nullptr) {
  const auto check = signature_check::prepare(signature, certificate, authorities, std::chrono::system_clock::now());
  REQUIRE_FALSE(check);
  CHECK(check.error().code == schemas::error_code::signature_invalid);
  return check.error().message;
}

}  // namespace

TEST_CASE("A signature verifies with every kind of key and every hash, and over no other bytes") {
  const std::string kind = GENERATE("RSA-PSS", "DSA", "ECC_SECP384R1", "ECC_SECP521R1", "ECC_SECT409K1",
                                    "ECC_SECT409R1", "ECC_SECT571K1", "ECC_SECT571R1");
  const signer who{kind};
  for (const auto* const hash : {"sha224", "sha256", "sha384", "sha512"}) {
    INFO(kind << ' ' << hash);
    const auto check = prepared(signature_by(who, kind, hash), who.pem());
    CHECK(check.hash_algorithm() == hash);
    CHECK(check.verify(digest(hash)));
    auto other = digest(hash);
    other.front() = other.front() == '0' ? '1' : '0';  // DSA and ECC sign only as many bits as the key has
    const auto refused = check.verify(other);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == schemas::error_code::signature_invalid);
    CHECK_THAT(refused.error().message, Contains(kind) && Contains(hash) && Contains("71c675ab"));
    CHECK_FALSE(check.verify(""));
    CHECK_FALSE(check.verify(digest("md5")));
  }
}

TEST_CASE("A signature that was changed, or made by another, does not verify") {
  const std::string kind = GENERATE("RSA-PSS", "ECC_SECP384R1");
  const signer who{kind};
  auto signature = signature_by(who, kind, "sha256");
  CHECK(prepared(signature, who.der()).verify(digest("sha256")));
  SECTION("another key") {
    const signer another{kind};
    CHECK_FALSE(prepared(signature, another.pem()).verify(digest("sha256")));
  }
  SECTION("one bit") {
    signature.signature.back() = static_cast<char>(signature.signature.back() ^ 1);
    CHECK_FALSE(prepared(signature, who.pem()).verify(digest("sha256")));
  }
  SECTION("cut short, or longer") {
    signature.signature += 'x';
    CHECK_FALSE(prepared(signature, who.pem()).verify(digest("sha256")));
    signature.signature.resize(7);
    CHECK_FALSE(prepared(signature, who.pem()).verify(digest("sha256")));
  }
  SECTION("made with another hash") {
    signature.hash_algorithm = "sha512";
    CHECK_FALSE(prepared(signature, who.pem()).verify(digest("sha512")));
  }
}

TEST_CASE("RSA is PSS with the longest salt, as Nova will demand") {
  const signer who{"RSA-PSS"};
  auto signature = signature_by(who, "RSA-PSS", "sha256");
  signature.signature = who.sign(data(), "sha256", RSA_PSS_SALTLEN_DIGEST);
  CHECK_FALSE(prepared(signature, who.pem()).verify(digest("sha256")));
}

TEST_CASE("A certificate that cannot vouch for an image is refused before the first byte") {
  const signer rsa{"RSA-PSS"};
  const auto signature = signature_by(rsa, "RSA-PSS", "sha256");
  CHECK_THAT(refusal(signature, signer{"RSA-PSS", {-7200, -3600, nullptr}}.pem()), Contains("expired"));
  CHECK_THAT(refusal(signature, signer{"RSA-PSS", {3600, 7200, nullptr}}.pem()), Contains("not valid yet"));
  CHECK_THAT(refusal(signature, signer{"RSA-PSS", {-1, 3600, "keyEncipherment"}}.pem()), Contains("key usage"));
  CHECK_FALSE(prepared(signature, signer{"RSA-PSS", {-1, 3600, "digitalSignature"}}.pem()).verify(digest("sha256")));
  CHECK_THAT(refusal(signature, signer{"ECC_SECP384R1"}.pem()),
             Contains("of the kind RSA-PSS") && Contains("got ECC_SECP384R1"));
  const auto other_curve = signature_by(signer{"ECC_SECP521R1"}, "ECC_SECP384R1", "sha256");
  CHECK_THAT(refusal(other_curve, signer{"ECC_SECP521R1"}.pem()), Contains("got ECC_SECP521R1"));
  CHECK_THAT(refusal(other_curve, rsa.pem()), Contains("got RSA-PSS"));
  CHECK_THAT(refusal(signature, ""), Contains("X.509 certificate"));
  CHECK_THAT(refusal(signature, "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"),
             Contains("X.509 certificate"));
  auto cut = rsa.der();
  cut.resize(cut.size() / 2);
  CHECK_THAT(refusal(signature, cut), Contains("X.509 certificate"));
  CHECK(verification::check_certificate_bytes(rsa.pem()));
  CHECK(verification::check_certificate_bytes(rsa.der()));
  CHECK_FALSE(verification::check_certificate_bytes(cut));
}

TEST_CASE("With authorities configured, only certificates that descend from them may sign") {
  const signer authority{"ECC_SECP384R1"};
  const signer issued{"RSA-PSS", {}, &authority};
  const signer stranger{"RSA-PSS"};
  const tests::temporary_directory folder;
  std::ofstream{folder / "bundle.pem"} << authority.pem();
  const auto authorities = verification::trusted_authorities::load(folder / "bundle.pem");
  REQUIRE(authorities);
  const auto signature = signature_by(issued, "RSA-PSS", "sha256");
  const auto check = signature_check::prepare(signature, issued.pem(), &*authorities, std::chrono::system_clock::now());
  REQUIRE(check);
  CHECK(check->verify(digest("sha256")));
  CHECK_THAT(refusal(signature, stranger.pem(), &*authorities), Contains("authority that the operator trusts"));
  const signer another{"ECC_SECP384R1"};
  const signer forged{"RSA-PSS", {}, &another};
  CHECK_THAT(refusal(signature, forged.pem(), &*authorities), Contains("authority that the operator trusts"));
}

TEST_CASE("Authorities that cannot be read are refused with the file's name") {
  const tests::temporary_directory folder;
  std::ofstream{folder / "rubbish.pem"} << "rubbish";
  for (const std::string name : {folder / "rubbish.pem", folder / "absent.pem"}) {
    const auto loaded = verification::trusted_authorities::load(name);
    REQUIRE_FALSE(loaded);
    CHECK_THAT(loaded.error().message, Contains("verify.trusted_ca") && Contains(name));
  }
}
