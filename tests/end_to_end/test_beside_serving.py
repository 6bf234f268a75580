# SPDX-License-Identifier: Apache-2.0
"""What imports share with serving, and what keeps it for serving: the page cache, turns of admission, memory."""
import ctypes
import mmap
import os
import pathlib
import time
import unittest

from disk_images import MIB, noise, small_qcow2
from end_to_end_case import EndToEndCase

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_share(path):
    """The share of a file's pages that are in the page cache (mincore(2) on a mapping that touches none of them)."""
    size = os.path.getsize(path)
    pages = (size + PAGE - 1) // PAGE
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    with open(path, "rb") as file:
        where = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    if where is None or where == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    seen = ctypes.create_string_buffer(pages)
    try:
        if libc.mincore(where, size, seen) != 0:
            raise OSError(ctypes.get_errno(), "mincore")
    finally:
        libc.munmap(where, size)
    return sum(byte & 1 for byte in seen.raw) / pages


class PageCache(EndToEndCase):
    def test_an_import_leaves_the_page_cache_to_the_images_that_are_read(self):
        content = small_qcow2(64 * MIB)
        image = self.service.imported(self.serve(content))
        stored = max((path for path in pathlib.Path(self.service.data_dir).rglob("*") if path.is_file()
                      and path.stat().st_size == len(content)), key=lambda path: path.stat().st_mtime)
        self.assertIn(image["id"], stored.name)
        if pathlib.Path(self.filesystem_of(stored)).name == "tmpfs":
            self.skipTest("a tmpfs is nothing but page cache")
        self.assertLess(resident_share(stored), 0.1)
        self.service.image_bytes(image["id"])
        self.assertGreater(resident_share(stored), 0.9, "reading an image brings it into the cache; this test can fail")

    @staticmethod
    def filesystem_of(path):
        best, kind = "", ""
        for line in pathlib.Path("/proc/mounts").read_text().splitlines():
            _, mounted, name, *_ = line.split()
            if (str(path) + "/").startswith(mounted.rstrip("/") + "/") and len(mounted) > len(best):
                best, kind = mounted, name
        return kind


class FairTurns(EndToEndCase):
    config = {"imports": {"max_running": 2, "max_running_per_project": 2, "max_waiting_per_project": 1000,
                          "stall_timeout": "300s"},
              "auth": {"mode": "trusted-headers"}}

    @staticmethod
    def project(name):
        return {"X-Identity-Status": "Confirmed", "X-Project-Id": name, "X-User-Id": name, "X-Roles": "member"}

    def submit(self, url, project):
        answer = self.service.post("/v2/image-imports", {"location": url}, headers=self.project(project))
        self.assertEqual(answer.status, 201, answer)
        return answer.json["id"]

    def status(self, import_id, project):
        return self.service.get(f"/v2/image-imports/{import_id}", headers=self.project(project)).json["status"]

    def test_a_crowd_of_one_project_delays_another_by_one_turn(self):
        """Four hundred wait; the newcomer runs as soon as one slot is free, before all of those that came earlier."""
        slow = self.serve(small_qcow2(2 * MIB), rate=MIB)
        crowd = [self.submit(slow, "crowd") for _ in range(400)]
        mine = self.submit(self.serve(small_qcow2(MIB, seed=2)), "single")
        deadline = time.monotonic() + 60
        while self.status(mine, "single") not in ("success", "failure"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(self.status(mine, "single"), "success")
        ended = sum(self.status(one, "crowd") in ("success", "failure") for one in crowd[:40])
        # Two ran when it came; while it took its one turn those two and at most their two successors ended.
        self.assertLessEqual(ended, 6)
        for one in crowd:
            self.service.request("DELETE", f"/v2/image-imports/{one}", headers=self.project("crowd"))

    def test_stalled_sources_of_one_project_do_not_hold_every_slot(self):
        stalled = self.serve(noise(2 * MIB), rate=1024)
        crowd = [self.submit(stalled, "stalled") for _ in range(100)]
        first = crowd[0]
        mine = self.submit(self.serve(small_qcow2(MIB, seed=3)), "single")
        # Both slots belong to sources that will not end for minutes: one turn is one cancelled import.
        self.service.request("DELETE", f"/v2/image-imports/{first}", headers=self.project("stalled"))
        deadline = time.monotonic() + 60
        while self.status(mine, "single") not in ("success", "failure"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(self.status(mine, "single"), "success")
        for one in crowd[1:]:
            self.service.request("DELETE", f"/v2/image-imports/{one}", headers=self.project("stalled"))


if __name__ == "__main__":
    unittest.main()
