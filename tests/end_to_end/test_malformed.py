# SPDX-License-Identifier: Apache-2.0
"""Every malformed request is refused with its reason, and hurts nobody else."""
import concurrent.futures
import json
import random
import re
import socket

from end_to_end_case import EndToEndCase
from service import PATIENCE

IMPORTS = "/v2/image-imports"


class MalformedBodies(EndToEndCase):
    def refused(self, body, status=400, code=None, field=None, headers=None):
        answer = self.service.request("POST", IMPORTS, body=body,
                                      headers={"Content-Type": "application/json", **(headers or {})})
        self.assertEqual(answer.status, status, answer)
        problem = answer.json
        self.assertTrue(problem["detail"])
        if code:
            self.assertEqual(problem["code"], code, answer)
        if field is not None:
            self.assertEqual(problem.get("field", ""), field, answer)

    def test_what_is_not_json_is_refused(self):
        for body in (b"", b"{", b"nonsense", b"{'location': 1}", b'{"location": "http://example.org/a"} {}',
                     b'{"location": "http://example.org/a",}', b"[1, 2", b'{"a": NaN}', b'{"location": "a\nb"}',
                     b"\xef\xbb\xbf{}", b'{"location": "http://example.org/a" /* no */}'):
            with self.subTest(body):
                self.refused(body)

    def test_what_is_not_an_object_is_refused(self):
        for body in (b"[]", b"null", b"1", b'"text"', b"true"):
            with self.subTest(body):
                self.refused(body)

    def test_bad_text_is_refused(self):
        for body in (b'{"location": "http://example.org/\xff"}', b'{"location": "http://example.org/\xc0\xaf"}',
                     b'{"location": "http://example.org/\\ud800"}', b'{"location": "http://example.org/\\u0000"}',
                     b'{"image_properties": {"name": "\xed\xa0\x80"}, "location": "http://example.org/a"}'):
            with self.subTest(body):
                self.refused(body)

    def test_duplicate_keys_are_refused(self):
        self.refused(b'{"location": "http://example.org/a", "location": "http://example.org/b"}', code="invalid-json")
        self.refused(b'{"location": "http://example.org/a", "image_properties": {"name": "a", "name": "b"}}',
                     code="invalid-json")
        self.refused(b'{"location": "http://example.org/a", "image_properties": {"na\\u006de": "a", "name": "b"}}',
                     code="invalid-json")

    def test_deep_json_is_refused(self):
        for depth in (100, 5000):
            self.refused(b'{"location":' + b"[" * depth + b"]" * depth + b"}")

    def test_an_oversized_body_is_refused(self):
        self.refused(b'{"location": "http://example.org/' + b"a" * (2 << 20) + b'"}', status=413,
                     code="payload-too-large")

    def test_another_media_type_is_refused(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            self.refused(b'{"location": "http://example.org/a"}', status=415, code="unsupported-media-type",
                         headers={"Content-Type": kind})

    def test_each_wrong_member_is_named(self):
        good = {"location": "http://example.org/a"}
        sha256 = {"algorithm": "sha256", "value": "0" * 64}
        cases = [
            ({}, "/location"),
            ({"location": 5}, "/location"),
            ({"location": None}, "/location"),
            ({"location": ""}, "/location"),
            ({**good, "image_properties": []}, "/image_properties"),
            ({**good, "colour": "red"}, "/colour"),
            ({**good, "status": "success"}, "/status"),
            ({**good, "image_properties": {"name": 5}}, "/image_properties/name"),
            ({**good, "image_properties": {"name": "a" * 256}}, "/image_properties/name"),
            ({**good, "image_properties": {"tags": "a"}}, "/image_properties/tags"),
            ({**good, "image_properties": {"tags": [1]}}, None),
            ({**good, "image_properties": {"tags": ["a" * 256]}}, None),
            ({**good, "image_properties": {"tags": [str(number) for number in range(1000)]}}, "/image_properties/tags"),
            ({**good, "image_properties": {"disk_format": "floppy"}}, "/image_properties/disk_format"),
            ({**good, "image_properties": {"container_format": "box"}}, "/image_properties/container_format"),
            ({**good, "image_properties": {"visibility": "secret"}}, "/image_properties/visibility"),
            ({**good, "image_properties": {"min_disk": -1}}, "/image_properties/min_disk"),
            ({**good, "image_properties": {"min_ram": "64"}}, "/image_properties/min_ram"),
            ({**good, "image_properties": {"min_ram": 1.5}}, "/image_properties/min_ram"),
            ({**good, "image_properties": {"min_ram": 1 << 40}}, "/image_properties/min_ram"),
            ({**good, "image_properties": {"protected": "yes"}}, "/image_properties/protected"),
            ({**good, "image_properties": {"os_distro": 7}}, "/image_properties/os_distro"),
            ({**good, "image_properties": {"a~/b": 7}}, "/image_properties/a~0~1b"),
            ({**good, "image_properties": {f"key{number}": "" for number in range(1000)}}, None),
            ({**good, "expect": 5}, "/expect"),
            ({**good, "expect": {"size": -1}}, "/expect/size"),
            ({**good, "expect": {"size": "5"}}, "/expect/size"),
            ({**good, "expect": {"colour": 1}}, "/expect/colour"),
            ({**good, "expect": {"checksum": "0"}}, "/expect/checksum"),
            ({**good, "expect": {"checksum": {**sha256, "algorithm": "md5"}}}, "/expect/checksum/algorithm"),
            ({**good, "expect": {"checksum": {**sha256, "value": "0" * 63}}}, "/expect/checksum/value"),
            ({**good, "expect": {"checksum": {**sha256, "value": "g" * 64}}}, "/expect/checksum/value"),
            ({**good, "expect": {"checksum": {"algorithm": "sha256"}}}, "/expect/checksum/value"),
        ]
        for body, field in cases:
            with self.subTest(str(body)[:100]):
                self.refused(json.dumps(body).encode(), field=field)

    def test_what_the_service_sets_itself_cannot_be_set(self):
        for key in ("id", "status", "owner", "size", "checksum", "virtual_size", "os_hash_value", "os_hash_algo",
                    "direct_url", "locations", "created_at", "self", "file", "os_glance_import_task"):
            with self.subTest(key):
                self.refused(json.dumps({"location": "http://example.org/a", "image_properties": {key: "x"}}).encode(),
                             status=403, code="reserved-property", field=f"/image_properties/{key}")

    def test_what_needs_a_role_is_refused_without_it(self):
        for properties in ({"visibility": "public"}, {"protected": True}):
            with self.subTest(properties):
                self.refused(json.dumps({"location": "http://example.org/a", "image_properties": properties}).encode(),
                             status=403, code="property-forbidden")

    def test_locations_that_lead_elsewhere_are_refused(self):
        cases = ["file:///etc/passwd", "ftp://example.org/a", "gopher://example.org/", "filesystem:///etc/passwd",
                 "unix:///run/a.sock", "swift+config://a/b", "data:,x", "javascript:1", "//example.org/a", "example.org/a",
                 "http://", "http:///a", "http://user:secret@example.org/a", "http://example.org:0/a",
                 "http://example.org:99999/a", "http://2130706433/a", "http://0x7f000001/a", "http://0177.0.0.1/a",
                 "http://127.1/a", "http://exam ple.org/a", "http://example.org/a\r\nHost: b", "http://example.org\\@b/",
                 "http://[::1", "http://example\u3002org/a", "http://example.org/" + "a" * 3000]
        for location in cases:
            with self.subTest(location[:60]):
                self.refused(json.dumps({"location": location}).encode(), field="/location")
        answer = self.service.request("POST", IMPORTS, headers={"Content-Type": "application/json"},
                                      body=b'{"location": "http://user:very-secret@example.org/a"}')
        self.assertNotIn("very-secret", answer.body.decode())

    def test_nothing_was_accepted(self):
        self.refused(b"{")
        self.assertEqual(self.service.get(IMPORTS).json["image_imports"], [])
        self.assertEqual(self.service.files(), {"staging": [], "images": []})


class MalformedHttp(EndToEndCase):
    def raw(self, request, timeout=PATIENCE):
        """What comes back to raw bytes until the service closes, or stops talking after one whole answer."""
        with socket.create_connection((self.service.host, self.service.port), timeout) as connection:
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer = b""
            try:
                while (chunk := connection.recv(65536)):
                    answer += chunk
            except ConnectionResetError:
                pass
            return answer

    def statuses(self, answer):
        return [int(found) for found in re.findall(rb"(?:^|\r\n\r\n|\})HTTP/1\.[01] (\d{3})", answer)]

    def test_smuggling_is_refused(self):
        body = b'{"location":"http://example.org/a"}'
        smuggled = b"GET /v2/images HTTP/1.1\r\nHost: x\r\n\r\n"
        head = b"POST /v2/image-imports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        cases = {
            "length and chunked": head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
            "chunked and length": head + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled,
            "two lengths": head + b"Content-Length: 5\r\nContent-Length: 35\r\n\r\n" + body + smuggled,
            "a list of lengths": head + b"Content-Length: 35, 5\r\n\r\n" + body + smuggled,
            "a signed length": head + b"Content-Length: +35\r\n\r\n" + body + smuggled,
            "a negative length": head + b"Content-Length: -1\r\n\r\n" + body + smuggled,
            "a huge length": head + b"Content-Length: 99999999999999999999999\r\n\r\n" + body,
            "an unknown coding": head + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled,
            "a disguised coding": head + b"Transfer-Encoding: xchunked\r\nContent-Length: 35\r\n\r\n" + body + smuggled,
            "a space before the colon": head + b"Content-Length : 35\r\n\r\n" + body + smuggled,
            "a folded header": head + b"X-A: b\r\n Content-Length: 35\r\n\r\n" + smuggled,
            "a bad chunk size": head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + smuggled,
            "a huge chunk size": head + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n" + smuggled,
            "no host": b"GET /v2/images HTTP/1.1\r\n\r\n" + smuggled,
            "two hosts": b"GET /v2/images HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled,
            "a control character": b"GET /v2/images HTTP/1.1\r\nHost: x\r\nX-A: a\x01b\r\n\r\n" + smuggled,
            "a bare line feed in a name": b"GET /v2/images HTTP/1.1\r\nHost: x\r\nX\n-A: b\r\n\r\n" + smuggled,
            "an unknown version": b"GET /v2/images HTTP/9.9\r\nHost: x\r\n\r\n" + smuggled,
            "not http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
        }
        before = self.service.get(IMPORTS).json["image_imports"]
        for what, request in cases.items():
            with self.subTest(what):
                answer = self.raw(request)
                statuses = self.statuses(answer)
                self.assertLessEqual(len(statuses), 1, f"a second request was answered: {answer!r}")
                for status in statuses:
                    self.assertTrue(400 <= status <= 505 and status != 404, answer)
        self.assertEqual(len(self.service.get(IMPORTS).json["image_imports"]), len(before), "one of them was accepted")

    def test_huge_headers_are_refused(self):
        for what, fields in {"one long field": b"X-A: " + b"a" * (1 << 20) + b"\r\n",
                             "many fields": b"".join(b"X-%d: a\r\n" % number for number in range(5000))}.items():
            with self.subTest(what):
                answer = self.raw(b"GET /v2/images HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")
                self.assertIn(self.statuses(answer), ([431], []), answer[:200])

    def test_a_long_target_is_refused(self):
        answer = self.raw(b"GET /" + b"a" * (100 << 10) + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(self.statuses(answer), ([414], [431], [400]), answer[:200])

    def test_targets_that_climb_are_not_followed(self):
        for target in (b"/v2/images/../../etc/passwd", b"/v2/images/%2e%2e/%2e%2e/etc/passwd", b"//v2/images/..",
                       b"/v2/images/..%2f..%2fetc%2fpasswd/file", b"/v2/images/%00/file", b"/v2\\images"):
            with self.subTest(target):
                answer = self.raw(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                self.assertNotIn(b"root:", answer)
                for status in self.statuses(answer):
                    self.assertIn(status, (400, 404))

    def test_slow_senders_do_not_hurt_others(self):
        slow = []
        try:
            for _ in range(64):
                connection = socket.create_connection((self.service.host, self.service.port), PATIENCE)
                connection.sendall(b"POST /v2/image-imports HTTP/1.1\r\nHost: x\r\nContent-Le")
                slow.append(connection)
            for _ in range(8):
                self.assertEqual(self.service.get("/v2/images").status, 200)
            # They are not kept for ever: the first one is closed within the service's own deadline.
            slow[0].settimeout(PATIENCE)
            while slow[0].recv(4096):
                pass
        finally:
            for connection in slow:
                connection.close()

    def test_requests_on_one_connection_are_answered_in_order(self):
        request = b"GET /v2/images HTTP/1.1\r\nHost: x\r\n\r\n" * 5 + \
                  b"GET /v2/images HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.statuses(self.raw(request)), [200] * 6)

    def test_random_bytes_never_hurt(self):
        chance = random.Random(20130521)
        seed = (b"POST /v2/image-imports?limit=3 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                b"Prefer: wait=1\r\nContent-Length: 35\r\n\r\n{\"location\":\"http://example.org/a\"}")

        def attack(number):
            text = bytearray(seed)
            for _ in range(chance.randint(1, 12)):
                place = chance.randrange(len(text))
                text[place:place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
            return self.raw(bytes(text))

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(attack, range(300)))
        self.assertEqual(self.service.get("/v2/images").status, 200)
        self.assertIsNone(self.service.process.poll())


if __name__ == "__main__":
    unittest.main()
