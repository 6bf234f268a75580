# SPDX-License-Identifier: Apache-2.0
"""What most end-to-end tests stand on: one service and one source server for a class of tests."""
import hashlib
import unittest

from service import Service
from source_server import Source, SourceServer


class EndToEndCase(unittest.TestCase):
    """`cls.config` differs from the defaults of tests; `cls.service` runs, `cls.sources` serves."""

    config = {}

    @classmethod
    def setUpClass(cls):
        cls.sources = SourceServer()
        cls.addClassCleanup(cls.sources.close)
        cls.service = Service(cls.config)
        cls.addClassCleanup(cls.service.__exit__, None, None, None)
        cls.service.start()
        cls.counter = 0

    @classmethod
    def serve(cls, content, **options):
        """The URL of new content, at a path of its own."""
        cls.counter += 1
        return cls.sources.add(f"/{cls.counter}/{options.pop('name', 'disk.img')}", Source(content, **options))

    def path_of(self, url):
        return "/" + url.split("/", 3)[3]

    def check_image(self, image, content, disk_format):
        """The record says what the bytes are, and the bytes are what was sent."""
        self.assertEqual(image["status"], "active")
        self.assertEqual(image["disk_format"], disk_format)
        self.assertEqual(image["size"], len(content))
        self.assertEqual(image["checksum"], hashlib.md5(content).hexdigest())
        self.assertEqual(image["os_hash_algo"], "sha512")
        self.assertEqual(image["os_hash_value"], hashlib.sha512(content).hexdigest())
        self.assertTrue(self.service.image_bytes(image["id"]) == content, "the image's bytes are not the source's")

    def check_refused(self, record, code, *words):
        """A failed import says why, in a stable code and in words, and leaves nothing behind."""
        self.assertEqual(record["status"], "failure")
        self.assertEqual(record["error"]["code"], code, record)
        for word in words:
            self.assertIn(word, record["message"])
        self.assertNotIn("image_ref", record)
        self.assertIn("image_properties", record)
        self.assertIn("expires-by", record)
        self.assertNotIn(record["id"], str(self.service.files()))
