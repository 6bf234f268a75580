# SPDX-License-Identifier: Apache-2.0
"""Sources that lie, stall, change, or send something else: each import fails with its reason, or is put right, and the
service goes on."""
import gzip
import os
import pathlib
import subprocess
import tempfile
import unittest

from disk_images import MIB, noise, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Service
from source_server import Repeated, Source, SourceServer

GIB = 1 << 30


def raw(*lines, body=b""):
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class BadSources(EndToEndCase):
    config = {"imports": {"stall_timeout": "1s", "retries": 1, "minimum_rate": "16KiB/s", "max_running": 8,
                          "max_running_per_project": 8}}

    def setUp(self):
        self.content = small_qcow2(2 * MIB)

    def fails(self, code, content=None, expect=None, **script):
        codes = (code,) if isinstance(code, str) else code
        record = self.service.failed(self.serve(self.content if content is None else content, **script), expect=expect)
        self.assertIn(record["error"]["code"], codes, record)
        self.check_refused(record, record["error"]["code"])
        self.assertNotIn("Traceback", record["message"])
        return record

    def test_a_source_that_falls_silent(self):
        self.fails("source-stalled", stall_after=MIB)

    def test_a_source_that_never_answers(self):
        self.fails(("source-stalled", "source-unreachable", "address-refused"), before_headers=8)

    def test_a_source_that_drips(self):
        self.fails("source-stalled", rate=2 << 10)

    def test_a_source_that_ends_too_early(self):
        self.fails("source-truncated", cut_after=MIB)

    def test_a_source_that_promises_more_than_it_has(self):
        self.fails(("source-truncated", "source-stalled"), length=4 * MIB, ranges=False)

    def test_a_source_that_answers_another_range(self):
        """The wrong piece is never sewn on: either it all is fetched again, or the import fails."""
        url = self.serve(self.content, cut_after=[MIB, None], etag='"one"', range_shift=7)
        record = self.service.wait_for(self.service.start_import(url)["id"])
        if record["status"] == "success":
            self.check_image(self.service.get(record["image_ref"]).json, self.content, "qcow2")
        else:
            self.assertIn(record["error"]["code"], ("source-protocol", "source-changed", "source-truncated"), record)

    def test_a_source_that_changes_every_time(self):
        self.fails(("source-changed", "source-truncated"), cut_after=MIB, etag=[f'"{turn}"' for turn in range(50)])

    def test_a_source_that_compresses(self):
        self.fails("source-encoding", gzip.compress(self.content), headers={"Content-Encoding": "gzip"})

    def test_a_source_that_wants_a_password_or_is_broken(self):
        for status in (401, 403, 404, 410, 451):
            with self.subTest(status):
                self.assertIn(str(status), self.fails("source-status", status=status)["message"])
        for status in (500, 503):
            with self.subTest(status):
                self.assertIn(str(status), self.fails("source-status", status=status)["message"])

    def test_a_source_that_speaks_broken_http(self):
        cases = {
            "nothing": b"",
            "no status line": b"<html>hello</html>",
            "a bad status": raw("HTTP/1.1 2000 OK", "Content-Length: 0"),
            "length and chunked": raw("HTTP/1.1 200 OK", "Content-Length: 5", "Transfer-Encoding: chunked",
                                      body=b"0\r\n\r\n"),
            "two lengths": raw("HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 6", body=b"12345"),
            "a bad chunk": raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"xyz\r\n"),
            "no last chunk": raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"5\r\n12345\r\n"),
            "an endless header": raw("HTTP/1.1 200 OK", "X: " + "a" * (4 << 20)),
            "many headers": raw("HTTP/1.1 200 OK", *[f"X-{number}: a" for number in range(50000)]),
        }
        for what, answer in cases.items():
            with self.subTest(what):
                record = self.service.failed(self.serve(b"", raw=answer))
                self.assertIn(record["error"]["code"],
                              ("source-protocol", "source-truncated", "source-unreachable", "address-refused"), record)
                self.assertNotIn("hello", record["message"])

    def test_nobody_listens(self):
        with SourceServer() as gone:
            url = gone.url("/disk")
        record = self.service.failed(url)
        self.assertIn(record["error"]["code"], ("source-unreachable", "address-refused"))

    def test_a_name_that_does_not_exist(self):
        record = self.service.failed("http://no-such-host.invalid/disk")
        self.assertIn(record["error"]["code"], ("source-unreachable", "address-refused"))

    def test_a_large_video_is_refused_at_its_beginning_and_the_connection_closed(self):
        head = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + b"\x00\x00\x00\x08free"
        url = self.serve(Repeated(head, noise(MIB, 3), 4 * GIB), name="film.mp4", rate=64 * MIB)
        record = self.service.failed(url)
        self.assertIn(record["error"]["code"], ("not-an-image", "raw-unrecognised"), record)
        path = self.path_of(url)
        self.assertTrue(self.sources.wait_until(lambda: all(request.finished for request in self.sources.log
                                                            if request.target == path), PATIENCE),
                        "the connection was left open")
        requests = self.sources.requests(path)
        self.assertEqual(len(requests), 1)
        # What left the source is what was received and what the socket buffers between the two held.
        self.assertLess(requests[0].sent, 8 * MIB)
        self.check_refused(record, record["error"]["code"])

    def test_an_endless_body_is_ended_at_the_limit(self):
        head = small_qcow2(MIB)
        with Service({"imports": {"max_image_size": "8MiB"}}) as service:
            url = self.serve(Repeated(head, noise(MIB, 5), 1 << 50), chunked=True)
            record = service.failed(url)
            self.assertIn(record["error"]["code"], ("image-too-large", "not-an-image", "image-corrupt"), record)
            self.assertEqual(service.files(), {"staging": [], "images": []})

    def test_the_service_is_well_after_all_this(self):
        image = self.service.imported(self.serve(self.content))
        self.check_image(image, self.content, "qcow2")


@unittest.skipUnless(os.geteuid() == 0, "mounting a small filesystem needs root")
class FullDisk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-full-")
        self.addCleanup(os.rmdir, self.folder)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=112m", "tmpfs", self.folder], capture_output=True,
                                 check=False)
        if mounted.returncode != 0:
            self.skipTest("this machine does not let root mount a filesystem")
        self.addCleanup(subprocess.run, ["umount", "-l", self.folder], check=True)

    def test_a_full_disk_fails_that_import_cleanly_and_reads_go_on(self):
        data_dir = pathlib.Path(self.folder) / "data"
        small, large = small_qcow2(2 * MIB), small_qcow2(64 * MIB)
        with SourceServer() as sources, Service(data_dir=data_dir) as service:
            kept = service.imported(sources.add("/small", Source(small)))
            for chunked in (False, True):
                with self.subTest(chunked=chunked):
                    record = service.failed(sources.add(f"/large/{chunked}", Source(large, chunked=chunked)))
                    self.assertEqual(record["error"]["code"], "disk-full", record)
                    self.assertTrue(record["error"]["retryable"])
                    self.assertEqual(service.files(), {"staging": [], "images": [kept["id"]]})
                    self.assertTrue(service.image_bytes(kept["id"]) == small)
            again = service.imported(sources.add("/again", Source(small)))
            self.assertTrue(service.image_bytes(again["id"]) == small)


if __name__ == "__main__":
    unittest.main()
