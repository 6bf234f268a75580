# SPDX-License-Identifier: Apache-2.0
"""The API as it is published: every answer against its schema."""
import json
import pathlib
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
        names = set(re.findall(r'error_description\{\s*\w+,\s*"([a-z0-9-]+)"', table)) - {"none"}
        self.assertGreater(len(names), 40)
        reference = (root / "docs" / "api.md").read_text().partition("\n## Errors\n")[2]
        documented = set(re.findall(r"^\| `([a-z0-9-]+)` \|", reference, re.MULTILINE))
        self.assertEqual(documented, names)


if __name__ == "__main__":
    unittest.main()
