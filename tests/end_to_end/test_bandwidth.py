# SPDX-License-Identifier: Apache-2.0
"""A fixed limit on imports is kept, shared out, and named as what limits them."""
import time
import unittest

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase


class Bandwidth(EndToEndCase):
    config = {"bandwidth": {"import_max": "2MiB/s"}, "imports": {"max_running": 4, "max_running_per_project": 4}}

    def test_the_limit_is_kept_and_named(self):
        content = small_qcow2(6 * MIB)
        began = time.monotonic()
        ids = [self.service.start_import(self.serve(content))["id"] for _ in range(2)]
        limits = set()
        while True:
            records = [self.service.get(f"/v2/image-imports/{import_id}").json for import_id in ids]
            limits.update(record.get("progress", {}).get("limited_by") for record in records)
            if all(record["status"] in ("success", "failure") for record in records):
                break
            time.sleep(0.05)
        elapsed = time.monotonic() - began
        self.assertEqual([record["status"] for record in records], ["success", "success"])
        self.assertIn("bandwidth", limits)
        # Never faster than the limit: a lower bound on time cannot fail on a slow machine. A second of burst is allowed.
        self.assertGreater((elapsed + 1.5) * 2 * MIB, 2 * len(content), f"took only {elapsed:.1f} s")

    def test_a_source_that_is_slower_than_the_limit_is_named_as_such(self):
        import_id = self.service.start_import(self.serve(small_qcow2(MIB), rate=192 << 10))["id"]
        limits = []
        while (record := self.service.get(f"/v2/image-imports/{import_id}").json)["status"] not in ("success", "failure"):
            limits.append(record["progress"].get("limited_by"))
            time.sleep(0.05)
        self.assertEqual(record["status"], "success")
        self.assertIn("source", limits)


class PerImport(EndToEndCase):
    config = {"bandwidth": {"per_import_max": "1MiB/s"}}

    def test_each_import_has_its_own_limit(self):
        content = small_qcow2(3 * MIB)
        began = time.monotonic()
        self.service.imported(self.serve(content))
        self.assertGreater((time.monotonic() - began + 1.5) * MIB, len(content))


if __name__ == "__main__":
    unittest.main()
