# SPDX-License-Identifier: Apache-2.0
"""expires-by is kept: finished imports vanish, the images they made stay."""
import datetime
import time
import unittest

from disk_images import small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE


class Expiry(EndToEndCase):
    config = {"imports": {"result_ttl": "2s"}}

    def gone(self, import_id):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.service.get(f"/v2/image-imports/{import_id}").status == 404:
                return True
            time.sleep(0.1)
        return False

    def test_finished_imports_vanish_and_their_images_stay(self):
        url = self.serve(small_qcow2())
        good = self.service.wait_for(self.service.start_import(url)["id"])
        bad = self.service.wait_for(self.service.start_import(self.sources.url("/absent"))["id"])
        self.assertEqual((good["status"], bad["status"]), ("success", "failure"))
        for record in (good, bad):
            expires = datetime.datetime.strptime(record["expires-by"], "%Y-%m-%dT%H:%M:%S%z")
            updated = datetime.datetime.strptime(record["updated_at"], "%Y-%m-%dT%H:%M:%S%z")
            self.assertLessEqual(abs((expires - updated).total_seconds() - 2), 1.01, record)
        for record in (good, bad):
            self.assertTrue(self.gone(record["id"]), f"{record['id']} is still there long after its expires-by")
        self.assertEqual(self.service.get("/v2/image-imports").json["image_imports"], [])
        self.assertEqual(self.service.image_bytes(good["image_ref"].rsplit("/", 1)[1]), small_qcow2())

    def test_an_import_that_expired_while_the_service_was_down_is_gone_after_the_start(self):
        record = self.service.wait_for(self.service.start_import(self.sources.url("/absent"))["id"])
        self.assertEqual(self.service.stop(), 0)
        expires = datetime.datetime.strptime(record["expires-by"], "%Y-%m-%dT%H:%M:%S%z").timestamp()
        while time.time() <= expires:
            time.sleep(0.05)
        self.service.start()
        self.assertTrue(self.gone(record["id"]))


if __name__ == "__main__":
    unittest.main()
