# SPDX-License-Identifier: Apache-2.0
"""The API as it is published: every answer against its schema, every malformed request refused with its reason."""
import concurrent.futures
import json
import pathlib
import random
import re
import socket
import unittest
import uuid

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE
from source_server import Source

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IMPORTS = "/v2/image-imports"


class Resource(EndToEndCase):
    def test_a_new_import_is_answered_201_with_its_absolute_location(self):
        answer = self.service.post(IMPORTS, {"location": self.serve(small_qcow2()), "image_properties": {"name": "a"}})
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.headers["Location"], f"{self.service.url}{IMPORTS}/{answer.json['id']}")
        self.assertEqual(answer.json["status"], "waiting")
        self.assertTrue(UUID.fullmatch(answer.json["id"]))
        self.assertTrue(answer.headers["x-openstack-request-id"].startswith("req-"))
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")

    def test_image_properties_may_be_left_out(self):
        self.assertEqual(self.service.post(IMPORTS, {"location": self.serve(small_qcow2())}).status, 201)

    def test_the_schemas_are_published(self):
        for name in ("image-import", "image-imports", "image-import-request", "problem", "image", "images"):
            with self.subTest(name):
                self.service.schema(name)
        self.assertEqual(self.service.get("/v2/schemas/nothing", validate=False).status, 404)

    def test_what_glance_clients_ask_first_is_answered(self):
        for path, status in (("/", 300), ("/versions", 200)):
            answer = self.service.get(path)
            self.assertEqual(answer.status, status)
            current = [version for version in answer.json["versions"] if version["status"] == "CURRENT"]
            self.assertEqual(len(current), 1)
            self.assertEqual(current[0]["links"][0]["href"].rstrip("/"), f"{self.service.url}/v2")

    def test_an_unknown_import_is_a_problem_with_code_not_found(self):
        for unknown in (str(uuid.uuid4()), "x", "..", "%00", "a" * 300):
            for method in ("GET", "DELETE"):
                answer = self.service.request(method, f"{IMPORTS}/{unknown}")
                self.assertIn(answer.status, (400, 404))
                self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/problem+json")

    def test_a_method_that_is_not_there_is_answered_405_with_allow(self):
        for method, path in (("PUT", IMPORTS), ("PATCH", IMPORTS), ("DELETE", IMPORTS),
                             ("POST", f"{IMPORTS}/{uuid.uuid4()}"), ("PUT", f"{IMPORTS}/{uuid.uuid4()}")):
            with self.subTest(f"{method} {path}"):
                answer = self.service.request(method, path)
                self.assertEqual(answer.status, 405)
                self.assertIn("GET", answer.headers["Allow"])
                self.assertEqual(answer.json["code"], "method-not-allowed")

    def test_head_answers_as_get_without_a_body(self):
        record = self.service.start_import(self.serve(small_qcow2()))
        self.service.wait_for(record["id"])
        answer = self.service.request("HEAD", f"{IMPORTS}/{record['id']}", validate=False)
        self.assertEqual((answer.status, answer.body), (200, b""))


class Listing(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        good = "/good"
        cls.sources.add(good, Source(small_qcow2()))
        cls.ids = []
        for turn in range(7):
            location = cls.sources.url(good if turn % 2 == 0 else "/absent")
            cls.ids.append(cls.service.start_import(location, name=f"image {turn}")["id"])
            cls.service.wait_for(cls.ids[-1])

    def test_the_newest_comes_first(self):
        page = self.service.get(IMPORTS).json
        self.assertEqual([record["id"] for record in page["image_imports"]], self.ids[::-1])
        self.assertEqual(page["schema"], "/v2/schemas/image-imports")
        self.assertNotIn("next", page)

    def test_the_order_can_be_turned(self):
        page = self.service.get(f"{IMPORTS}?sort_dir=asc").json
        self.assertEqual([record["id"] for record in page["image_imports"]], self.ids)

    def test_pages_follow_each_other_without_gap_or_repeat(self):
        for limit in (1, 2, 3, 7):
            with self.subTest(limit=limit):
                path, seen = f"{IMPORTS}?limit={limit}", []
                for _ in range(10):
                    page = self.service.get(path).json
                    self.assertLessEqual(len(page["image_imports"]), limit)
                    self.assertTrue(page["first"].startswith(IMPORTS))
                    seen += [record["id"] for record in page["image_imports"]]
                    if "next" not in page:
                        break
                    self.assertIn(f"limit={limit}", page["next"])
                    path = page["next"]
                self.assertEqual(seen, self.ids[::-1])

    def test_a_status_filters(self):
        for status, expected in (("success", self.ids[::2]), ("failure", self.ids[1::2]), ("waiting", [])):
            records = self.service.get(f"{IMPORTS}?status={status}").json["image_imports"]
            self.assertEqual([record["id"] for record in records], expected[::-1])
            self.assertEqual({record["status"] for record in records} - {status}, set())

    def test_bad_queries_are_refused(self):
        for query in ("limit=-1", "limit=many", "limit=", "status=busy", "sort_dir=sideways", f"marker={uuid.uuid4()}",
                      "marker=x", "limit=1&limit=2", "colour=red"):
            with self.subTest(query):
                answer = self.service.get(f"{IMPORTS}?{query}")
                self.assertEqual(answer.status, 400, answer)
                self.assertTrue(answer.json["detail"])


class Waiting(EndToEndCase):
    def test_prefer_wait_holds_the_answer_until_the_status_changes(self):
        record = self.service.start_import(self.serve(small_qcow2(2 * MIB), rate=2 * MIB))
        record = self.service.wait_for(record["id"], ("uploading",))
        answer = self.service.get(f"{IMPORTS}/{record['id']}", headers={"Prefer": "wait=50"})
        self.assertNotEqual(answer.json["status"], "uploading")
        self.assertIn("wait", answer.headers.get("Preference-Applied", ""))

    def test_prefer_wait_ends_with_its_time(self):
        record = self.service.start_import(self.serve(small_qcow2(MIB), rate=32 << 10))
        self.service.wait_for(record["id"], ("uploading",))
        answer = self.service.get(f"{IMPORTS}/{record['id']}", headers={"Prefer": "wait=1"})
        self.assertEqual(answer.json["status"], "uploading")
        self.service.delete(f"{IMPORTS}/{record['id']}")

    def test_a_finished_import_is_answered_at_once(self):
        record = self.service.start_import(self.serve(small_qcow2()))
        self.service.wait_for(record["id"])
        self.service.get(f"{IMPORTS}/{record['id']}", headers={"Prefer": f"wait={int(PATIENCE) + 100}"})

    def events(self, import_id):
        """All events of one stream: [(name, data)]."""
        with socket.create_connection((self.service.host, self.service.port), PATIENCE) as connection:
            connection.sendall(f"GET {IMPORTS}/{import_id} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                               "Connection: close\r\n\r\n".encode())
            text = b""
            while (chunk := connection.recv(65536)):
                text += chunk
        head, _, body = text.decode().partition("\r\n\r\n")
        self.assertIn(" 200 ", head.splitlines()[0])
        self.assertIn("text/event-stream", head.lower())
        if "transfer-encoding: chunked" in head.lower():
            plain, rest = "", body
            while rest:
                size, _, rest = rest.partition("\r\n")
                size = int(size.split(";")[0], 16)
                if size == 0:
                    break
                plain, rest = plain + rest.encode()[:size].decode(), rest.encode()[size + 2:].decode()
            body = plain
        found = []
        for block in body.replace("\r\n", "\n").split("\n\n"):
            name, data = "message", []
            for line in block.split("\n"):
                if line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].strip())
            if data:
                found.append((name, json.loads("\n".join(data))))
        return found

    def test_the_event_stream_tells_every_change_and_ends_with_the_import(self):
        record = self.service.start_import(self.serve(small_qcow2(2 * MIB), rate=2 * MIB))
        events = self.events(record["id"])
        for _, data in events:
            self.service.validate("image-import", data)
        statuses = [data["status"] for _, data in events]
        self.assertEqual(statuses[-1], "success")
        order = ["waiting", "uploading", "verifying", "success"]
        self.assertEqual([order.index(status) for status in statuses],
                         sorted(order.index(status) for status in statuses))
        self.assertIn("uploading", statuses)

    def test_the_event_stream_of_a_finished_import_says_so_and_ends(self):
        record = self.service.start_import(self.serve(small_qcow2()))
        self.service.wait_for(record["id"])
        self.assertEqual([data["status"] for _, data in self.events(record["id"])], ["success"])


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


class GlanceErrors(EndToEndCase):
    def test_an_unknown_image_is_refused_in_the_form_that_was_asked_for(self):
        path = f"/v2/images/{uuid.uuid4()}"
        answer = self.service.get(path, headers={"Accept": "application/json"})
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.json["code"], "404 Not Found")
        self.assertEqual(answer.json["title"], "Not Found")
        answer = self.service.get(path, headers={"Accept": "application/problem+json"})
        self.assertEqual((answer.status, answer.json["code"]), (404, "not-found"))
        answer = self.service.get(path, headers={"Accept": "*/*"})
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "text/html")


class Documentation(unittest.TestCase):
    def test_the_reference_lists_every_error_code_and_no_other(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        table = (root / "schemas" / "error_code.cpp").read_text()
        names = set(re.findall(r'error_description\{\w+,\s*"([a-z0-9-]+)"', table)) - {"none"}
        self.assertGreater(len(names), 40)
        reference = (root / "docs" / "api.md").read_text().partition("\n## Errors\n")[2]
        documented = set(re.findall(r"^\| `([a-z0-9-]+)` \|", reference, re.MULTILINE))
        self.assertEqual(documented, names)


if __name__ == "__main__":
    unittest.main()
