# SPDX-License-Identifier: Apache-2.0
"""The main job on real images: a URL goes in, an image comes out, byte for byte; or a reason in words."""
import concurrent.futures
import hashlib
import re
import tempfile
import unittest

from certificates import Authority
from disk_images import KINDS, MIB, image, noise, small_qcow2, virtual_size
from end_to_end_case import EndToEndCase
from service import Service
from source_server import File, Source, SourceServer


class Formats(EndToEndCase):
    def test_each_format_is_detected_and_kept_byte_for_byte(self):
        for name, (_, disk_format) in KINDS.items():
            with self.subTest(name):
                path = image(name)
                record = self.service.imported(self.serve(File(path), etag=f'"{name}"'), name=name, tags=["b", "a"],
                                               os_distro="debian")
                self.check_image(record, path.read_bytes(), disk_format)
                self.assertEqual(record["virtual_size"], virtual_size(path, disk_format))
                self.assertEqual(record["name"], name)
                self.assertEqual(sorted(record["tags"]), ["a", "b"])
                self.assertEqual(record["os_distro"], "debian")
                self.assertEqual(record["container_format"], "bare")

    def test_a_declared_format_that_is_right_is_accepted(self):
        for name in ("gpt", "qcow2", "vmdk", "vhdx", "iso"):
            with self.subTest(name):
                record = self.service.imported(self.serve(File(image(name))), disk_format=KINDS[name][1])
                self.assertEqual(record["disk_format"], KINDS[name][1])

    def test_a_declared_format_that_is_wrong_is_refused(self):
        for name, declared in (("qcow2", "raw"), ("vmdk", "raw"), ("gpt", "qcow2"), ("vhdx", "vdi"), ("iso", "vmdk")):
            with self.subTest(f"{name} declared as {declared}"):
                record = self.service.failed(self.serve(File(image(name))), disk_format=declared)
                self.check_refused(record, "format-mismatch", declared, KINDS[name][1])

    def test_what_is_no_image_is_refused(self):
        for what, content in {"a page": b"<!DOCTYPE html><html><body>Not here</body></html>" * 200,
                              "text": b"All work and no play makes Jack a dull boy.\n" * 5000,
                              "noise": noise(2 * MIB, 7), "zeros": bytes(4 * MIB), "one byte": b"x"}.items():
            with self.subTest(what):
                record = self.service.failed(self.serve(content))
                self.assertIn(record["error"]["code"], ("not-an-image", "raw-unrecognised"), record)
                self.assertFalse(record["error"]["retryable"])
                self.assertTrue(record["error"]["hint"])

    def test_an_empty_source_is_refused(self):
        record = self.service.failed(self.serve(b""))
        self.assertEqual(record["status"], "failure")

    def test_a_qcow2_with_a_backing_file_is_refused(self):
        content = bytearray(small_qcow2(64 << 10))
        name = b"/etc/passwd"
        content[8:16] = (512).to_bytes(8, "big")
        content[16:20] = len(name).to_bytes(4, "big")
        content[512:512 + len(name)] = name
        record = self.service.failed(self.serve(bytes(content)))
        self.check_refused(record, "backing-file")

    def test_a_qcow2_with_an_external_data_file_is_refused(self):
        content = bytearray(small_qcow2(64 << 10))
        content[72:80] = (int.from_bytes(content[72:80], "big") | 4).to_bytes(8, "big")
        record = self.service.failed(self.serve(bytes(content)))
        self.check_refused(record, "external-data-file")


class Transfer(EndToEndCase):
    def setUp(self):
        self.content = small_qcow2(4 * MIB)

    def test_a_chunked_body_without_length_is_imported(self):
        record = self.service.imported(self.serve(self.content, chunked=True, ranges=False))
        self.check_image(record, self.content, "qcow2")

    def test_redirects_are_followed(self):
        last = self.serve(self.content)
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                first = self.serve(b"", status=status, headers={"Location": last})
                self.check_image(self.service.imported(first), self.content, "qcow2")
        relative = self.serve(b"", status=302, headers={"Location": self.path_of(last)})
        self.check_image(self.service.imported(relative), self.content, "qcow2")

    def test_an_endless_redirect_is_refused(self):
        path = "/round-and-round"
        url = self.sources.url(path)
        self.sources.add(path, Source(status=302, headers={"Location": url}))
        self.check_refused(self.service.failed(url), "source-redirect")
        self.assertLessEqual(len(self.sources.requests(path)), 7)

    def test_a_redirect_to_another_scheme_is_refused(self):
        record = self.service.failed(self.serve(b"", status=302, headers={"Location": "file:///etc/passwd"}))
        self.assertEqual(record["status"], "failure")
        self.assertNotIn("root:", record["message"])

    def test_a_missing_source_is_told_in_the_blueprints_own_words(self):
        url = self.sources.url("/no/such/image")
        record = self.service.failed(url)
        self.check_refused(record, "source-status")
        self.assertEqual(record["message"],
                         f"Could not retrieve image. Received 404 response for url '{url}'")
        self.assertFalse(record["error"]["retryable"])

    def test_credentials_in_the_query_are_never_shown(self):
        url = self.sources.url("/absent?X-Amz-Signature=very-secret")
        record = self.service.failed(url)
        self.assertNotIn("very-secret", str(record))
        self.assertNotIn("very-secret", self.service.log())

    def test_expected_size_and_checksum_are_enforced(self):
        good = {"size": len(self.content),
                "checksum": {"algorithm": "sha256", "value": hashlib.sha256(self.content).hexdigest()}}
        self.check_image(self.service.imported(self.serve(self.content), expect=good), self.content, "qcow2")
        good["checksum"] = {"algorithm": "sha512", "value": hashlib.sha512(self.content).hexdigest()}
        self.check_image(self.service.imported(self.serve(self.content, chunked=True), expect=good), self.content,
                         "qcow2")
        for what, expect, code in (
                ("too big", {"size": len(self.content) - 1}, "size-mismatch"),
                ("too small", {"size": len(self.content) + 1}, "size-mismatch"),
                ("other bytes", {"checksum": {"algorithm": "sha256", "value": "0" * 64}}, "checksum-mismatch"),
                ("other bytes, sha512", {"checksum": {"algorithm": "sha512", "value": "f" * 128}},
                 "checksum-mismatch")):
            for chunked in (False, True):
                with self.subTest(what, chunked=chunked):
                    record = self.service.failed(self.serve(self.content, chunked=chunked), expect=expect)
                    self.check_refused(record, code)

    def test_a_broken_transfer_goes_on_where_it_stopped(self):
        url = self.serve(self.content, etag='"steady"', cut_after=[MIB, MIB, None])
        self.check_image(self.service.imported(url), self.content, "qcow2")
        requests = self.sources.requests(self.path_of(url))
        self.assertEqual(len(requests), 3)
        self.assertEqual(requests[0].start, 0)
        for request in requests[1:]:
            self.assertGreater(request.start, 0, "a continued transfer began from the start")
            self.assertEqual(request.headers.get("if-range"), '"steady"')

    def test_a_source_that_changes_meanwhile_is_fetched_anew_or_refused(self):
        url = self.serve(self.content, etag=['"one"', '"two"'], cut_after=[MIB, None])
        record = self.service.wait_for(self.service.start_import(url)["id"])
        if record["status"] == "success":
            self.check_image(self.service.get(record["image_ref"]).json, self.content, "qcow2")
        else:
            self.assertEqual(record["error"]["code"], "source-changed")

    def test_a_passing_fault_is_tried_again(self):
        url = self.serve(self.content, first_statuses=[503, 502])
        self.check_image(self.service.imported(url), self.content, "qcow2")
        self.assertEqual(len(self.sources.requests(self.path_of(url))), 3)

    def test_nothing_of_the_caller_reaches_the_source(self):
        url = self.serve(self.content)
        self.service.imported(url, headers={"X-Auth-Token": "users-token", "X-Project-Id": "secret-project"})
        for request in self.sources.requests(self.path_of(url)):
            self.assertNotIn("users-token", str(request.headers))
            self.assertNotIn("secret-project", str(request.headers))
            self.assertNotIn("authorization", request.headers)
            self.assertEqual(request.headers.get("accept-encoding", "identity"), "identity")

    def test_many_imports_at_once_all_come_out_right(self):
        contents = [small_qcow2(MIB, seed) for seed in range(1, 5)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            urls = [self.serve(contents[turn % 4], chunked=turn % 3 == 0) for turn in range(24)]
            for turn, record in enumerate(pool.map(self.service.imported, urls)):
                self.check_image(record, contents[turn % 4], "qcow2")


class LifeOfAnImport(EndToEndCase):
    config = {"imports": {"max_running": 1, "max_running_per_project": 1}}

    def slow(self):
        return self.serve(small_qcow2(2 * MIB), rate=256 << 10)

    def test_an_import_passes_through_its_statuses_in_order(self):
        started = self.service.start_import(self.slow(), name="slow")
        self.assertIn(started["status"], ("waiting", "uploading"))
        self.assertEqual(started["self"], f"/v2/image-imports/{started['id']}")
        uploading = self.service.wait_for(started["id"], ("uploading",))
        self.assertEqual(uploading["image_properties"]["name"], "slow")
        waiting = self.service.start_import(self.slow())
        self.assertEqual(waiting["status"], "waiting")
        record = self.service.get(f"/v2/image-imports/{waiting['id']}").json
        self.assertEqual(record["progress"]["queue_position"], 1)
        for import_id in (started["id"], waiting["id"]):
            done = self.service.wait_for(import_id)
            self.assertEqual(done["status"], "success")
            self.assertNotIn("image_properties", done)
            self.assertNotIn("progress", done)
            self.assertRegex(done["image_ref"], r"^/v2/images/[0-9a-f-]{36}$")
            self.assertRegex(done["expires-by"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$")

    def test_progress_grows_and_never_passes_the_total(self):
        content = small_qcow2(2 * MIB)
        import_id = self.service.start_import(self.serve(content, rate=MIB))["id"]
        seen = []
        while (record := self.service.get(f"/v2/image-imports/{import_id}").json)["status"] not in ("success", "failure"):
            seen.append(record["progress"].get("bytes", 0))
            if record["status"] == "uploading" and "total" in record["progress"]:
                self.assertEqual(record["progress"]["total"], len(content))
        self.assertEqual(record["status"], "success")
        self.assertEqual(seen, sorted(seen))
        self.assertTrue(any(0 < count < len(content) for count in seen), "no progress was seen")
        self.assertLessEqual(max(seen), len(content))

    def test_a_cancelled_import_ends_as_failure_and_leaves_no_byte(self):
        import_id = self.service.start_import(self.serve(small_qcow2(4 * MIB), rate=128 << 10))["id"]
        self.service.wait_for(import_id, ("uploading",))
        self.assertEqual(self.service.delete(f"/v2/image-imports/{import_id}").status, 204)
        record = self.service.get(f"/v2/image-imports/{import_id}").json
        self.check_refused(record, "cancelled", "cancelled by its owner")
        self.assertEqual(self.service.delete(f"/v2/image-imports/{import_id}").status, 204)
        self.assertEqual(self.service.get(f"/v2/image-imports/{import_id}").status, 404)
        self.assertEqual(self.service.delete(f"/v2/image-imports/{import_id}").status, 404)

    def test_a_waiting_import_can_be_cancelled(self):
        running = self.service.start_import(self.serve(small_qcow2(2 * MIB), rate=512 << 10))["id"]
        waiting = self.service.start_import(self.slow())["id"]
        self.assertEqual(self.service.delete(f"/v2/image-imports/{waiting}").status, 204)
        self.assertEqual(self.service.get(f"/v2/image-imports/{waiting}").json["status"], "failure")
        self.assertEqual(self.service.wait_for(running)["status"], "success")


class Limits(EndToEndCase):
    config = {"imports": {"max_image_size": "1MiB", "max_virtual_size": "64MiB", "max_running": 1,
                          "max_waiting_per_project": 2}}

    def test_too_many_bytes_are_refused_whatever_the_length_says(self):
        content = small_qcow2(4 * MIB)
        for chunked in (False, True):
            with self.subTest(chunked=chunked):
                url = self.serve(content, chunked=chunked)
                self.check_refused(self.service.failed(url), "image-too-large")
                self.assertLess(sum(request.sent for request in self.sources.requests(self.path_of(url))), 3 * MIB)

    def test_a_disk_too_large_for_the_guest_is_refused(self):
        content = bytearray(small_qcow2(64 << 10))
        content[24:32] = (65 * MIB).to_bytes(8, "big")
        self.check_refused(self.service.failed(self.serve(bytes(content))), "virtual-size-too-large")

    def test_more_waiting_imports_than_allowed_are_answered_429(self):
        url = self.serve(small_qcow2(512 << 10), rate=64 << 10)
        answers = [self.service.post("/v2/image-imports", {"location": url, "image_properties": {}})
                   for _ in range(6)]
        statuses = [answer.status for answer in answers]
        self.assertIn(201, statuses)
        self.assertEqual(statuses[-1], 429, statuses)
        self.assertIn("Retry-After", answers[-1].headers)
        self.assertEqual(answers[-1].json["code"], "too-many-imports")
        for answer in answers:
            if answer.status == 201:
                self.service.delete(f"/v2/image-imports/{answer.json['id']}")


class SecureSources(unittest.TestCase):
    def test_https_is_verified_with_the_configured_authority(self):
        content = small_qcow2(MIB)
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(folder)
            with SourceServer("127.0.0.1", 0, *authority.issue("right", "IP:127.0.0.1")) as right, \
                    SourceServer("127.0.0.1", 0, *authority.issue("wrong", "DNS:example.org")) as wrong, \
                    Service({"sources": {"ca_file": str(authority.certificate)}}) as service:
                image_record = service.imported(right.add("/disk", Source(content)))
                self.assertEqual(image_record["checksum"], hashlib.md5(content).hexdigest())
                record = service.failed(wrong.add("/disk", Source(content)))
                self.assertEqual(record["error"]["code"], "source-tls", record)
                # Never down to plain http on the way.
                with SourceServer() as plain:
                    url = right.add("/down", Source(status=302, headers={"Location": plain.add("/disk", Source(content))}))
                    record = service.failed(url)
                    self.assertEqual(record["error"]["code"], "source-redirect", record)
                    self.assertEqual(plain.requests(), [])
            with SourceServer("127.0.0.1", 0, *authority.issue("again", "IP:127.0.0.1")) as unknown, \
                    Service() as service:
                record = service.failed(unknown.add("/disk", Source(content)))
                self.assertEqual(record["error"]["code"], "source-tls", record)
                self.assertEqual(unknown.requests(), [])

    def test_a_source_with_an_ipv6_address_is_imported(self):
        content = small_qcow2(MIB)
        try:
            server = SourceServer("::1")
        except OSError:
            self.skipTest("this machine has no IPv6")
        with server, Service() as service:
            url = server.add("/disk", Source(content))
            self.assertRegex(url, re.escape("http://[::1]:"))
            self.assertEqual(service.imported(url)["checksum"], hashlib.md5(content).hexdigest())

    def test_addresses_of_this_machine_are_refused_unless_allowed(self):
        with SourceServer() as server, Service({"sources": {"allow_networks": []}}) as service:
            url = server.add("/disk", Source(small_qcow2(MIB)))
            answer = service.post("/v2/image-imports", {"location": url, "image_properties": {}})
            if answer.status == 201:
                record = service.wait_for(answer.json["id"])
                self.assertEqual(record["status"], "failure")
                self.assertIn(record["error"]["code"], ("address-refused", "source-unreachable"))
            else:
                self.assertEqual(answer.status, 400)
            self.assertEqual(server.requests(), [])


if __name__ == "__main__":
    unittest.main()
