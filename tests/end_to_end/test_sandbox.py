# SPDX-License-Identifier: Apache-2.0
"""Images are judged in processes that can do nothing else, and what happens to those concerns one import alone."""
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Service
from source_server import Source, SourceServer

CLUSTER = 64 << 10
FORBIDDEN = ("open", "openat", "openat2", "creat", "connect", "socket", "socketpair", "execve", "execveat", "fork", "vfork",
             "clone", "clone3", "ptrace", "mount", "unlink", "rename", "sendto", "sendmsg", "bind", "accept", "kill")


def children(pid):
    """Of a process with any number of threads."""
    found = []
    for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in thread.read_text().split()]
        except OSError:
            pass
    return found


def keeper_of(service):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for child in children(service.process.pid):
            try:
                if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "sluice-keeper":
                    return child
            except OSError:
                pass
        time.sleep(0.005)
    raise AssertionError("the service has no keeper")


def pointing_past_the_end():
    """A qcow2 whose first L2 entry names a cluster far behind the file's end."""
    content = bytearray(small_qcow2(MIB))
    l1 = struct.unpack_from(">Q", content, 40)[0]
    l2 = struct.unpack_from(">Q", content, l1)[0] & 0x00FFFFFFFFFFFE00
    struct.pack_into(">Q", content, l2, (1 << 63) | (1 << 40))
    return bytes(content)


def with_overlap():
    """A qcow2 whose first L2 entry names the header's own cluster."""
    content = bytearray(small_qcow2(MIB))
    l1 = struct.unpack_from(">Q", content, 40)[0]
    l2 = struct.unpack_from(">Q", content, l1)[0] & 0x00FFFFFFFFFFFE00
    struct.pack_into(">Q", content, l2, 1 << 63)
    return bytes(content)


class Judged(EndToEndCase):
    def test_a_good_image_passes_and_its_record_says_how_it_was_checked(self):
        import_id = self.service.start_import(self.serve(small_qcow2()))["id"]
        record = self.service.wait_for(import_id)
        self.assertEqual(record["status"], "success", record)
        check, = record["checks"]
        self.assertEqual((check["name"], check["verdict"]), ("structure", "passed"))
        self.assertGreater(check["seconds"], 0)

    def test_tables_that_point_past_the_end_or_into_the_header_are_refused(self):
        for content in (pointing_past_the_end(), with_overlap()):
            record = self.service.wait_for(self.service.start_import(self.serve(content))["id"])
            self.assertEqual(record["status"], "failure", record)
            self.assertIn(record["error"]["code"], ("image-truncated", "image-corrupt", "overlapping-structures"))
            self.assertFalse(record["error"]["retryable"])
            check, = record["checks"]
            self.assertEqual((check["verdict"], check["message"]), ("refused", record["message"]))
            self.assertNotIn(record["id"], str(self.service.files()))

    def test_the_operator_sees_how_long_checks_take(self):
        self.service.imported(self.serve(small_qcow2()))
        with urllib.request.urlopen(f"{self.service.operator_url}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        passed = re.search(r'sluice_check_seconds_count\{check="structure",verdict="passed"\} (\S+)', text)
        self.assertGreater(float(passed.group(1)), 0)
        self.assertIn("sluice_sandbox_keeper_starts_total", text)

    def test_killing_the_keeper_harms_no_import(self):
        url = self.serve(small_qcow2())
        for _ in range(5):
            first = self.service.start_import(url)["id"]
            os.kill(keeper_of(self.service), signal.SIGKILL)
            second = self.service.start_import(url)["id"]
            for import_id in (first, second):
                record = self.service.wait_for(import_id)
                self.assertEqual(record["status"], "success", record)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_what_judges_hostile_files_opens_connects_and_executes_nothing(self):
        good, bad = small_qcow2(), [pointing_past_the_end(), with_overlap()]
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "trace"
            keeper = keeper_of(self.service)
            strace = subprocess.Popen(["strace", "-f", "-o", trace, "-p", str(keeper)], stderr=subprocess.PIPE, text=True)
            try:
                self.assertIn("attached", strace.stderr.readline())
                for content in [good, *bad, good]:
                    self.service.wait_for(self.service.start_import(self.serve(content))["id"])
            finally:
                strace.send_signal(signal.SIGINT)
                strace.communicate(timeout=PATIENCE)
            calls = {}
            for line in trace.read_text(errors="replace").splitlines():
                pid, rest = line.split(None, 1)
                calls.setdefault(int(pid), []).append(rest)
        judged = {pid: lines for pid, lines in calls.items() if pid != keeper}
        self.assertGreaterEqual(len(judged), 4, "the children were not seen")
        for pid, lines in judged.items():
            text = "\n".join(lines)
            self.assertRegex(text, r"exited with 0|exit_group\(0\)", text)
            self.assertIn("PR_SET_NO_NEW_PRIVS", text)
            # From the filter on nothing but reading the image, memory, and the report.
            after = text[text.index("PR_SET_SECCOMP" if "PR_SET_SECCOMP" in text else "PR_SET_NO_NEW_PRIVS"):]
            for call in FORBIDDEN:
                self.assertIsNone(re.search(rf"^(<\.\.\. )?{call}\(", after, re.MULTILINE), f"{pid}: {call}\n{after}")
            # And before it nothing was opened either, but what confinement itself needs.
            self.assertNotRegex(text, r"\b(execve|connect|socket)\(", text)
            opened = re.findall(r'\bopen(?:at)?\(.*?"([^"]*)"', text)
            self.assertEqual(opened, [], text)
            self.assertRegex(after, r"\bpread64\(3,")


class Started(unittest.TestCase):
    def test_what_starts_the_judges_is_below_those_that_serve_images(self):
        with Service() as service:
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, keeper_of(service)), 19)


class Interrupted(unittest.TestCase):
    def stopped_keeper(self, service, url):
        """An import that is being judged, and whose judge does not move."""
        keeper = keeper_of(service)
        os.kill(keeper, signal.SIGSTOP)
        import_id = service.start_import(url)["id"]
        service.wait_for(import_id, ("verifying",))
        return keeper, import_id

    def test_deleting_an_import_that_is_being_judged_leaves_nothing(self):
        with Service() as service, SourceServer() as sources:
            keeper, import_id = self.stopped_keeper(service, sources.add("/disk", Source(small_qcow2())))
            answers = []
            deleting = threading.Thread(target=lambda: answers.append(service.delete(f"/v2/image-imports/{import_id}")))
            deleting.start()
            for _ in range(50):  # round trips, so that the word has gone round before the judge moves again
                service.get(f"/v2/image-imports/{import_id}")
            os.kill(keeper, signal.SIGCONT)
            deleting.join(PATIENCE)
            self.assertEqual([answer.status for answer in answers], [204])
            # Judged in time or not, it is gone or has failed as cancelled, or was finished and has been removed.
            answer = service.get(f"/v2/image-imports/{import_id}")
            if answer.status == 200:
                self.assertEqual(answer.json["error"]["code"], "cancelled", answer)
                self.assertEqual(service.files(), {"staging": [], "images": []})
            self.assertEqual(children(keeper), [])

    def test_an_import_that_was_being_judged_when_the_service_was_killed_is_judged_again(self):
        content = small_qcow2()
        service = Service()
        try:
            with SourceServer() as sources:
                service.start()
                keeper, import_id = self.stopped_keeper(service, sources.add("/disk", Source(content)))
                service.kill()
                deadline = time.monotonic() + PATIENCE
                while pathlib.Path(f"/proc/{keeper}").exists() and time.monotonic() < deadline:
                    time.sleep(0.005)
                self.assertFalse(pathlib.Path(f"/proc/{keeper}").exists(), "the keeper outlives the service")
                service.start()
                record = service.wait_for(import_id)
                self.assertEqual(record["status"], "success", record)
                self.assertEqual(record["checks"][0]["verdict"], "passed")
                self.assertTrue(service.image_bytes(record["image_ref"].rsplit("/", 1)[1]) == content)
                self.assertEqual(len(sources.requests("/disk")), 1, "it was fetched again")
                self.assertEqual(service.stop(), 0)
        finally:
            service.__exit__(AssertionError)

    def test_an_orderly_stop_while_judging_leaves_it_to_the_next_start(self):
        service = Service()
        try:
            with SourceServer() as sources:
                service.start()
                keeper, import_id = self.stopped_keeper(service, sources.add("/disk", Source(small_qcow2())))
                service.process.terminate()
                os.kill(keeper, signal.SIGCONT)
                self.assertEqual(service.wait(), 0)
                self.assertFalse(pathlib.Path(f"/proc/{keeper}").exists())
                service.start()
                self.assertEqual(service.wait_for(import_id)["status"], "success")
                self.assertEqual(service.stop(), 0)
        finally:
            service.__exit__(AssertionError)


if __name__ == "__main__":
    unittest.main()
