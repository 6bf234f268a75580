# SPDX-License-Identifier: Apache-2.0
"""Images as Nova and the OpenStack clients read them: records, lists, bytes, ranges, and their end."""
import concurrent.futures
import hashlib
import os
import socket
import unittest
import uuid

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE


class Serving(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = small_qcow2(8 * MIB)
        cls.image = cls.service.imported(cls.serve(cls.content), name="served", tags=["t"], min_disk=1, min_ram=64)
        cls.file = f"/v2/images/{cls.image['id']}/file"

    def read(self, **headers):
        return self.service.get(self.file, headers=headers, validate=False)

    def test_the_whole_file(self):
        answer = self.read()
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.body == self.content)
        self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(answer.headers["Content-MD5"], hashlib.md5(self.content).hexdigest())
        self.assertEqual(int(answer.headers["Content-Length"]), len(self.content))

    def test_one_range(self):
        size = len(self.content)
        for text, start, end in (("0-0", 0, 1), ("0-99", 0, 100), ("4095-4097", 4095, 4098), ("100-", 100, size),
                                 ("-100", size - 100, size), (f"-{size * 2}", 0, size),
                                 (f"{size - 1}-{size + 500}", size - 1, size)):
            with self.subTest(text):
                answer = self.read(Range=f"bytes={text}")
                self.assertEqual(answer.status, 206, answer.headers)
                self.assertEqual(answer.headers["Content-Range"], f"bytes {start}-{end - 1}/{size}")
                self.assertTrue(answer.body == self.content[start:end])

    def test_a_range_outside_the_image(self):
        size = len(self.content)
        for text in (f"{size}-", f"{size + 5}-{size + 9}", "-0"):
            with self.subTest(text):
                answer = self.read(Range=f"bytes={text}", Accept="application/json")
                self.assertEqual(answer.status, 416)
                self.assertEqual(answer.headers["Content-Range"], f"bytes */{size}")

    def test_ranges_that_are_not_one_range(self):
        for text in ("bytes=0-1,4-5", "bytes=5-1", "bytes=a-b", "bytes=", "lines=1-2"):
            with self.subTest(text):
                answer = self.read(Range=text)
                self.assertIn(answer.status, (200, 400, 416))
                if answer.status == 200:
                    self.assertTrue(answer.body == self.content)

    def test_head(self):
        answer = self.service.request("HEAD", self.file, validate=False)
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(int(answer.headers["Content-Length"]), len(self.content))

    def test_the_record_has_glances_fields(self):
        record = self.service.get(f"/v2/images/{self.image['id']}").json
        self.assertEqual(record, self.image)
        for key, value in {"name": "served", "status": "active", "visibility": "shared", "protected": False,
                           "os_hidden": False, "owner": "default", "min_disk": 1, "min_ram": 64, "tags": ["t"],
                           "container_format": "bare", "disk_format": "qcow2", "size": len(self.content),
                           "virtual_size": 8 * MIB, "os_hash_algo": "sha512", "schema": "/v2/schemas/image",
                           "self": f"/v2/images/{self.image['id']}", "file": self.file}.items():
            self.assertEqual(record[key], value, key)
        for key in ("direct_url", "locations"):
            self.assertNotIn(key, record)
        self.assertNotIn(str(self.service.data_dir), str(record))

    def test_many_readers_at_once(self):
        def fetch(number):
            start = number * 100_003 % len(self.content)
            return self.read(Range=f"bytes={start}-").body == self.content[start:]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertTrue(all(pool.map(fetch, range(48))))

    def test_readers_that_vanish_cost_nothing(self):
        descriptors = f"/proc/{self.service.process.pid}/fd"
        self.read()
        before = len(os.listdir(descriptors))
        for _ in range(50):
            with socket.create_connection((self.service.host, self.service.port), PATIENCE) as connection:
                connection.sendall(f"GET {self.file} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                connection.recv(1000)
        # Each further answer lets the service notice one more reader that is gone.
        for _ in range(200):
            self.read(Range="bytes=0-0")
            if len(os.listdir(descriptors)) <= before + 4:
                break
        self.assertLessEqual(len(os.listdir(descriptors)), before + 4)

    def test_an_unknown_image(self):
        for path in (f"/v2/images/{uuid.uuid4()}", f"/v2/images/{uuid.uuid4()}/file", "/v2/images/x/file"):
            self.assertEqual(self.service.get(path, validate=False).status, 404)


class Lists(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        url = cls.serve(small_qcow2())
        cls.images = [cls.service.imported(url, name=f"image {turn % 3}",
                                           visibility=("private", "shared", "community")[turn % 3]) for turn in range(6)]
        cls.ids = [image["id"] for image in cls.images]

    def names(self, query):
        return [image["id"] for image in self.service.get(f"/v2/images?{query}").json["images"]]

    def test_pages_cover_everything_once(self):
        for limit in (1, 2, 4, 6, 100):
            path, seen = f"/v2/images?limit={limit}&visibility=all", []
            for _ in range(8):
                page = self.service.get(path).json
                seen += [image["id"] for image in page["images"]]
                if "next" not in page:
                    break
                path = page["next"]
            self.assertEqual(sorted(seen), sorted(self.ids), f"limit={limit}")

    def test_filters(self):
        self.assertEqual(sorted(self.names("name=image%201")), sorted(self.ids[1::3]))
        self.assertEqual(sorted(self.names("visibility=private")), sorted(self.ids[0::3]))
        self.assertEqual(self.names("status=queued"), [])
        self.assertEqual(self.names("name=nothing"), [])
        self.assertEqual(self.names("name=image%201&visibility=private"), [])

    def test_bad_queries_are_refused(self):
        for query in ("limit=-1", "limit=x", f"marker={uuid.uuid4()}", "visibility=odd"):
            with self.subTest(query):
                self.assertEqual(self.service.get(f"/v2/images?{query}", validate=False).status, 400)


class Deletion(EndToEndCase):
    def test_a_deleted_image_is_gone_at_once_with_its_bytes(self):
        image = self.service.imported(self.serve(small_qcow2()))
        self.assertIn(image["id"], self.service.files()["images"])
        self.assertEqual(self.service.delete(f"/v2/images/{image['id']}").status, 204)
        for path in (f"/v2/images/{image['id']}", f"/v2/images/{image['id']}/file"):
            self.assertEqual(self.service.get(path, validate=False).status, 404)
        self.assertNotIn(image["id"], self.service.files()["images"])
        self.assertEqual(self.service.delete(f"/v2/images/{image['id']}", validate=False).status, 404)

    def test_a_protected_image_is_kept(self):
        admin = {"X-Roles": "admin,member"}
        image = self.service.imported(self.serve(small_qcow2()), headers=admin, protected=True)
        self.assertEqual(self.service.delete(f"/v2/images/{image['id']}", headers=admin, validate=False).status, 403)
        self.assertEqual(self.service.image_bytes(image["id"]), small_qcow2())

    def test_a_read_in_progress_survives_the_deletion(self):
        content = small_qcow2(32 * MIB)
        image = self.service.imported(self.serve(content))
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        connection.settimeout(PATIENCE)
        connection.connect((self.service.host, self.service.port))
        with connection:
            connection.sendall(f"GET /v2/images/{image['id']}/file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            received = connection.recv(64 << 10)
            self.assertEqual(self.service.delete(f"/v2/images/{image['id']}").status, 204)
            chunks = [received]
            while (chunk := connection.recv(1 << 20)):
                chunks.append(chunk)
        body = b"".join(chunks).split(b"\r\n\r\n", 1)[1]
        self.assertTrue(body == content, f"{len(body)} bytes of {len(content)}")


if __name__ == "__main__":
    unittest.main()
