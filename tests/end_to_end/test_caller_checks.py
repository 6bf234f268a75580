# SPDX-License-Identifier: Apache-2.0
"""What the caller says of the bytes decides: several digests at once, a publisher's file of checksums, a signature."""
import hashlib
import pathlib
import subprocess
import tempfile
import unittest
import uuid

from certificates import Authority, Signer
from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, build_dir


def digest(algorithm, content):
    return {"algorithm": algorithm, "value": hashlib.new(algorithm, content).hexdigest()}


class Checksums(EndToEndCase):
    def setUp(self):
        self.content = small_qcow2(2 * MIB)
        self.url = self.serve(self.content, name="disk 1.img".replace(" ", "%20"))
        self.path = self.path_of(self.url)

    def sums(self, text, **options):
        return self.serve(text.encode(), name="SHA256SUMS", **options)

    def fails(self, expect, code, *words):
        record = self.service.failed(self.url, expect=expect)
        self.check_refused(record, code, *words)
        return record

    def test_several_digests_must_all_hold(self):
        right = [digest(name, self.content) for name in ("sha256", "sha512", "sha1", "md5")]
        self.check_image(self.service.imported(self.url, expect={"checksums": right}), self.content, "qcow2")
        for place in range(4):
            wrong = [dict(one) for one in right]
            wrong[place]["value"] = "0" * len(wrong[place]["value"])
            with self.subTest(wrong[place]["algorithm"]):
                self.fails({"checksums": wrong}, "checksum-mismatch", wrong[place]["algorithm"] + " 000",
                           right[place]["value"])

    def test_a_file_of_checksums_decides(self):
        sha256, sha512 = (hashlib.new(name, self.content).hexdigest() for name in ("sha256", "sha512"))
        for what, text in {"coreutils": f"{'1' * 64}  other.img\n{sha256} *disk 1.img\n",
                           "BSD": f"SHA256 (disk 1.img) = {sha256}\nSHA512 (disk 1.img) = {sha512.upper()}\n",
                           "signed": f"-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n{sha512}  ./disk 1.img\r\n"}.items():
            with self.subTest(what):
                image = self.service.imported(self.url, expect={"checksums_url": self.sums(text)})
                self.check_image(image, self.content, "qcow2")
        named = {"checksums_url": self.sums(f"{sha256}  releases/12/disk.qcow2\n", chunked=True),
                 "checksums_name": "releases/12/disk.qcow2", "checksums": [digest("md5", self.content)]}
        self.check_image(self.service.imported(self.url, expect=named), self.content, "qcow2")

    def test_a_file_of_checksums_is_read_through_redirects_and_faults(self):
        text = hashlib.sha256(self.content).hexdigest() + "  disk 1.img\n"
        last = self.sums(text, first_statuses=[503])
        first = self.serve(b"", status=302, headers={"Location": last})
        self.check_image(self.service.imported(self.url, expect={"checksums_url": first}), self.content, "qcow2")

    def test_another_digest_in_the_file_fails_the_import(self):
        url = self.sums(f"{'0' * 64}  disk 1.img\n")
        self.fails({"checksums_url": url}, "checksum-mismatch", "sha256 000",
                   hashlib.sha256(self.content).hexdigest())

    def test_a_file_of_no_use_fails_the_import_before_a_byte_of_the_image(self):
        refused = self.serve(b"", status=302, headers={"Location": "http://169.254.169.254/latest/SHA256SUMS"})
        page = b"<html><title>root:x:0:0</title></html>"
        for what, (url, code, word) in {
                "no such name": (self.sums(f"{'0' * 64}  disk.img\n"), "checksum-mismatch", '"disk 1.img"'),
                "md5 only": (self.sums(f"{'0' * 32}  disk 1.img\n"), "checksum-mismatch", "only other kinds"),
                "too long": (self.sums("#" * (MIB + 1)), "checksum-mismatch", "1 MiB"),
                "too long, not announced": (self.sums("#" * 2 * MIB, chunked=True), "checksum-mismatch", "1 MiB"),
                "a page": (self.serve(page), "checksum-mismatch", "no line that is a checksum"),
                "absent": (self.sources.url("/no/SHA256SUMS"), "source-status", "file of checksums"),
                "a refused address": ("http://192.168.0.1/SHA256SUMS", "source-unreachable", "file of checksums"),
                "redirected to a refused address": (refused, "source-unreachable", "file of checksums"),
                "contradicts the request": (self.sums(f"{'0' * 64}  disk 1.img\n"), "checksum-mismatch", "sha256")}.items():
            with self.subTest(what):
                expect = {"checksums_url": url}
                if what == "contradicts the request":
                    expect["checksum"] = digest("sha256", self.content)
                record = self.fails(expect, code, word)
                self.assertNotIn("root:", str(record))
                self.assertEqual(self.sources.requests(self.path), [])

    def test_credentials_in_the_query_of_the_file_are_never_shown(self):
        url = self.sources.url("/absent?signature=very-secret")
        record = self.service.failed(self.url, expect={"checksums_url": url})
        self.assertNotIn("very-secret", str(record))
        self.assertNotIn("very-secret", self.service.log())

    def test_a_request_that_proves_nothing_is_refused(self):
        for expect, field in (
                ({"checksums": [digest("md5", b""), digest("sha1", b"")]}, "/expect/checksums"),
                ({"checksums": []}, "/expect/checksums"),
                ({"checksums_name": "x"}, "/expect/checksums_name"),
                ({"checksums_url": "file:///etc/SHA256SUMS"}, "/expect/checksums_url"),
                ({"checksums_url": "http://user:secret@h/SUMS"}, "/expect/checksums_url")):
            with self.subTest(expect):
                answer = self.service.post("/v2/image-imports", {"location": self.url, "expect": expect}, validate=False)
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual(answer.json["field"], field)
                self.assertNotIn("secret", str(answer.json))


class Signatures(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        authority = Authority(cls.folder)
        cls.signers = {kind: Signer(cls.folder, kind, kind, authority=authority)
                       for kind in ("RSA-PSS", "ECC_SECP384R1", "ECC_SECP521R1", "ECC_SECT571K1")}
        cls.expired = Signer(cls.folder, "expired", "RSA-PSS", days=-1, authority=authority)
        cls.stranger = Signer(cls.folder, "stranger", "RSA-PSS")
        cls.unknown = Signer(cls.folder, "unknown", "RSA-PSS", authority=authority)
        known = [*cls.signers.values(), cls.expired, cls.stranger]
        cls.config = {"verify": {"trusted_ca": str(authority.certificate)},
                      "verify.certificates": {one.id: str(one.certificate) for one in known}}
        super().setUpClass()

    def setUp(self):
        self.content = small_qcow2(2 * MIB)
        self.url = self.serve(self.content)

    def fails(self, properties, *words, fetched):
        record = self.service.failed(self.url, **properties)
        self.check_refused(record, "signature-invalid", *words)
        self.assertEqual(len(self.sources.requests(self.path_of(self.url))) > 0, fetched)

    def test_a_signed_image_is_taken_and_keeps_its_signature(self):
        for kind, signer in self.signers.items():
            for method in ("SHA-224", "SHA-256", "SHA-384", "SHA-512"):
                with self.subTest(kind, method=method):
                    properties = signer.properties(self.content, method)
                    image = self.service.imported(self.url, **properties)
                    self.check_image(image, self.content, "qcow2")
                    self.assertEqual({key: image[key] for key in properties}, properties)

    def test_another_images_signature_is_refused(self):
        for kind, signer in self.signers.items():
            self.url = self.serve(self.content)
            with self.subTest(kind):
                self.fails(signer.properties(self.content + b"x"), kind, fetched=True)

    def test_a_certificate_that_cannot_vouch_is_refused_before_a_byte(self):
        for what, signer, word in (("unknown", self.unknown, self.unknown.id), ("expired", self.expired, "expired"),
                                   ("not from an authority", self.stranger, "authority")):
            with self.subTest(what):
                self.fails(signer.properties(self.content), word, fetched=False)
        other = {**self.signers["RSA-PSS"].properties(self.content), "img_signature_key_type": "ECC_SECP384R1"}
        self.fails(other, "RSA-PSS", fetched=False)

    def test_a_part_of_the_properties_is_refused_at_once(self):
        whole = self.signers["RSA-PSS"].properties(self.content)
        for missing in whole:
            part = {key: value for key, value in whole.items() if key != missing}
            answer = self.service.post("/v2/image-imports", {"location": self.url, "image_properties": part},
                                       validate=False)
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual((answer.json["code"], answer.json["field"]),
                             ("invalid-request", f"/image_properties/{missing}"))

    def test_checksum_and_signature_together(self):
        properties = self.signers["RSA-PSS"].properties(self.content, "SHA-384")
        image = self.service.imported(self.url, expect={"checksum": digest("sha256", self.content)}, **properties)
        self.check_image(image, self.content, "qcow2")

    def test_a_certificate_that_cannot_be_read_stops_the_start(self):
        rubbish = self.folder / "rubbish.pem"
        rubbish.write_text("no certificate")
        for what, text, word in (
                ("rubbish", f'[verify.certificates]\n{uuid.uuid4()} = "{rubbish}"\n', "X.509 certificate"),
                ("absent", f'[verify.certificates]\n{uuid.uuid4()} = "/no/such/file"\n', "readable"),
                ("authorities", f'[verify]\ntrusted_ca = "{rubbish}"\n', "verify.trusted_ca")):
            with self.subTest(what):
                file = self.folder / "sluice.toml"
                file.write_text(text)
                outcome = subprocess.run([build_dir() / "sluiced", "--config", file, "--check-config"],
                                         capture_output=True, text=True, timeout=PATIENCE, check=False)
                self.assertEqual(outcome.returncode, 2)
                self.assertIn(word, outcome.stderr)


if __name__ == "__main__":
    unittest.main()
