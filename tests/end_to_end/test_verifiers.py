# SPDX-License-Identifier: Apache-2.0
"""Programs of the operator's and ClamAV judge images, and how they fail concerns one import alone."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import disk_images
from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Service, build_dir, die_with_parent
from source_server import Source, SourceServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Assembled here: scanners would find this file otherwise.
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*"
KEY = b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----"


def documented_example():
    """The program in docs/verification.md, as it stands there."""
    text = (ROOT / "docs" / "verification.md").read_text()
    return re.search(r"```python\n(#!/usr/bin/python3\n.*?)```", text, re.DOTALL).group(1)


def with_words(words, size=4 * MIB):
    """A raw disk with a filesystem and `words` in its free space."""
    content = bytearray(disk_images.image("ext4").read_bytes())
    at = len(content) - size
    content[at:at + len(words)] = words
    return bytes(content)


class Programs(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-verifiers-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.chmod(cls.folder, 0o755)
        cls.config = {"verify.command": [{"name": "leaked-keys", "program": cls.program("leaked-keys", documented_example())}]}
        super().setUpClass()

    @classmethod
    def program(cls, name, text):
        path = cls.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def shell(self, name, commands, **options):
        return {"name": name, "program": self.program(name, "#!/bin/sh\n" + commands), **options}

    def judged_by(self, *programs, content=None, clamav=None):
        """The end of an import in a service of its own, and that service's log."""
        config = {"verify.command": list(programs)}
        if clamav:
            config["verify.clamav"] = clamav
        with Service(config) as service, SourceServer() as sources:
            url = sources.add("/disk.img", Source(content or small_qcow2()))
            record = service.wait_for(service.start_import(url)["id"])
            return record, service.log()

    def test_the_documented_example_lets_a_disk_without_keys_in_and_refuses_one_with_a_key(self):
        record = self.service.wait_for(self.service.start_import(self.serve(with_words(b"nothing")))["id"])
        self.assertEqual(record["status"], "success", record)
        structure, keys = record["checks"]
        self.assertEqual((structure["name"], keys["name"], keys["verdict"]), ("structure", "leaked-keys", "passed"))
        self.assertGreater(keys["seconds"], 0)
        self.assertNotIn("remarks", keys)
        record = self.service.failed(self.serve(with_words(KEY)))
        self.check_refused(record, "verifier-refused", "'leaked-keys'", "A private key of OpenSSH lies on the disk.")
        self.assertFalse(record["error"]["retryable"])
        self.assertEqual(record["checks"][1]["message"], record["message"])
        record = self.service.wait_for(self.service.start_import(self.serve(small_qcow2()))["id"])
        self.assertEqual(record["checks"][1]["remarks"], ["Compressed parts of the image were not searched for keys."])

    def test_verdicts_and_times_are_counted(self):
        self.service.imported(self.serve(small_qcow2()))
        with urllib.request.urlopen(f"{self.service.operator_url}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        passed = re.search(r'sluice_check_seconds_count\{check="leaked-keys",verdict="passed"\} (\S+)', text)
        self.assertGreater(float(passed.group(1)), 0)

    def test_a_program_sees_what_the_bits_are_and_nothing_secret(self):
        told = self.shell("told", 'read line; echo "{\\"verdict\\":\\"refuse\\",\\"message\\":\\"$(echo "$line" | '
                                  'sed "s/[^a-z0-9_:,.]/ /g")\\"}"\n')
        record, _ = self.judged_by(told)
        for word in ("version :1", "verifier : told", "format : qcow2", f"size :{len(small_qcow2())}",
                     f"virtual_size :{MIB}", "processor_seconds"):
            self.assertIn(word, record["message"])
        for word in ("location", "http", "user", "token"):
            self.assertNotIn(word, record["message"])

    def test_whatever_a_program_does_wrong_fails_the_import_alone_and_names_the_program(self):
        cases = {
            "exits": ("echo '{\"verdict\":\"accept\"}'; exit 3\n", "ended with status 3"),
            "dies": ("exec /usr/bin/python3 -c 'import ctypes; ctypes.string_at(0)'\n", "SIGSEGV"),
            "mumbles": ("echo accept\n", "no verdict"),
            "is-silent": ("exit 0\n", "no verdict"),
            "babbles": ("head -c 1000000 /dev/zero\n", "more than a verdict"),
            "hangs": ("sleep 3600\n", "did not end in time"),
            # On a busy machine the clock may come first.
            "spins": ("while :; do :; done\n", "time"),
        }
        for name, (commands, words) in cases.items():
            with self.subTest(name):
                record, log = self.judged_by(
                    self.shell(name, "echo complained about it >&2\n" + commands,
                               time="1s" if name in ("hangs", "spins") else "30s"))
                self.check_refused_alone(record, "verifier-failed", f"'{name}'", words)
                self.assertTrue(record["error"]["retryable"])
                self.assertEqual(record["checks"][-1]["verdict"], "failed")
                self.assertIn("complained about it", log)

    def check_refused_alone(self, record, code, *words):
        self.assertEqual(record["status"], "failure", record)
        self.assertEqual(record["error"]["code"], code, record)
        for word in words:
            self.assertIn(word, record["message"])

    def test_the_operator_may_let_images_in_that_a_program_could_not_judge(self):
        record, _ = self.judged_by(self.shell("broken", "exit 1\n", on_failure="accept"),
                                   self.shell("good", "echo '{\"verdict\":\"accept\"}'\n"))
        self.assertEqual(record["status"], "success", record)
        self.assertEqual([check["verdict"] for check in record["checks"]], ["passed", "failed", "passed"])
        self.assertTrue(record["checks"][1]["remarks"])

    def test_a_program_sees_only_its_formats_and_after_a_refusal_no_other_runs(self):
        refusing = self.shell("refusing", "echo '{\"verdict\":\"refuse\"}'\n", formats=["qcow2"])
        skipped = self.shell("skipped", "exit 1\n", formats=["iso"])
        last = self.shell("last", "exit 1\n")
        record, _ = self.judged_by(skipped, refusing, last)
        self.check_refused_alone(record, "verifier-refused", "'refusing'")
        self.assertEqual([check["name"] for check in record["checks"]], ["structure", "refusing"])

    def test_a_program_can_write_connect_and_read_nothing_beside_the_image(self):
        secret = self.folder / "secret"
        secret.write_text("hunter2")
        shared = self.folder / "shared"
        shared.write_text("shared words")
        text = f"""#!/usr/bin/python3
import json, os, socket
done = []
def tried(name, action):
    try:
        action()
        done.append(name)
    except OSError:
        pass
tried("read", lambda: open({str(secret)!r}).read())
tried("write", lambda: open("/tmp/sluice-verifier-was-here", "w"))
tried("write image", lambda: os.pwrite(3, b"x", 0))
tried("reopen image", lambda: os.open("/proc/self/fd/3", os.O_RDWR))
tried("connect", lambda: socket.create_connection(("127.0.0.1", {self.service.port})))
tried("shared", lambda: open({str(shared)!r}).read())
print(json.dumps({{"verdict": "refuse", "message": "done: " + ", ".join(done) + "; user " + str(os.getuid())}}))
"""
        curious = {"name": "curious", "program": self.program("curious", text), "readable": [str(shared)]}
        record, log = self.judged_by(curious)
        self.assertIn("done:", record["message"], record)
        done = record["message"].split("done: ")[1].split(";")[0]
        if "landlock" in log:
            self.assertEqual(done, "shared")
        else:
            self.assertNotIn("connect", done)
            self.assertNotIn("write image", done)

    def test_an_import_is_cancelled_while_its_program_runs(self):
        config = {"verify.command": [self.shell("endless", "sleep 3600\n", time="600s")]}
        with Service(config) as service, SourceServer() as sources:
            import_id = service.start_import(sources.add("/disk.img", Source(small_qcow2())))["id"]
            service.wait_for(import_id, ("verifying",))
            self.assertEqual(service.delete(f"/v2/image-imports/{import_id}").status, 204)
            record = service.wait_for(import_id)
            self.assertEqual(record["error"]["code"], "cancelled", record)
            self.assertEqual(service.files(), {"staging": [], "images": []})

    def test_a_program_that_is_not_there_stops_the_start_with_file_line_and_key(self):
        file = self.folder / "sluice.toml"
        file.write_text('[[verify.command]]\nname = "a"\nprogram = "/nowhere/at/all"\n')
        outcome = subprocess.run([build_dir() / "sluiced", "--config", file, "--check-config"], capture_output=True,
                                 text=True, timeout=PATIENCE, check=False)
        self.assertEqual(outcome.returncode, 2)
        self.assertIn(f"{file}:3: verify.command.0.program: expected a program", outcome.stderr)


@unittest.skipUnless(shutil.which("clamd", path=os.environ["PATH"] + ":/usr/sbin"), "clamav-daemon is not installed")
class RealClamd(unittest.TestCase):
    """The daemon itself, with one signature of our own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-clamd-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        database = cls.folder / "database"
        database.mkdir()
        (database / "eicar.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.encode().hex()}\n")
        cls.socket = cls.folder / "clamd.ctl"
        (cls.folder / "clamd.conf").write_text(
            f"LocalSocket {cls.socket}\nDatabaseDirectory {database}\nForeground yes\nLogFile {cls.folder}/log\n"
            "StreamMaxLength 2M\nOfficialDatabaseOnly no\n")
        clamd = shutil.which("clamd", path=os.environ["PATH"] + ":/usr/sbin")
        cls.daemon = subprocess.Popen([clamd, "--config-file", cls.folder / "clamd.conf"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        cls.addClassCleanup(cls.daemon.wait, PATIENCE)
        cls.addClassCleanup(cls.daemon.kill)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and cls.ping() != b"PONG\0":
            time.sleep(0.05)
        if cls.ping() != b"PONG\0":
            raise AssertionError("clamd does not answer:\n" + (cls.folder / "log").read_text())

    @classmethod
    def ping(cls):
        try:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(PATIENCE)
                peer.connect(str(cls.socket))
                peer.sendall(b"zPING\0")
                return peer.recv(16)
        except OSError:
            return b""

    def imported(self, content, **clamav):
        config = {"verify.clamav": {"socket": str(self.socket), "max_stream": "2MiB", **clamav}}
        with Service(config) as service, SourceServer() as sources:
            return service.wait_for(service.start_import(sources.add("/disk.img", Source(content)))["id"])

    def test_a_clean_image_passes_and_one_with_the_test_file_is_refused_by_its_name(self):
        record = self.imported(small_qcow2())
        self.assertEqual(record["status"], "success", record)
        self.assertEqual([(check["name"], check["verdict"]) for check in record["checks"]],
                         [("structure", "passed"), ("clamav", "passed")])
        record = self.imported(with_words(EICAR.encode()))
        self.assertEqual((record["status"], record["error"]["code"]), ("failure", "verifier-refused"), record)
        self.assertIn("Eicar-Test-Signature", record["message"])
        self.assertEqual(record["checks"][1]["verdict"], "refused")

    def test_the_test_file_is_found_across_the_end_of_a_part(self):
        record = self.imported(small_qcow2(6 * MIB))
        self.assertEqual(record["status"], "success", record)
        self.assertRegex(record["checks"][1]["remarks"][0], r"in \d+ parts")
        qcow2 = bytearray(small_qcow2(6 * MIB))
        at = 2 * MIB - 30
        qcow2[at:at + len(EICAR)] = EICAR.encode()
        record = self.imported(bytes(qcow2))
        self.assertEqual((record["status"], record["error"]["code"]), ("failure", "verifier-refused"), record)

    def test_parts_longer_than_clamd_takes_are_explained(self):
        record = self.imported(small_qcow2(5 * MIB), max_stream="4MiB")
        self.assertEqual((record["status"], record["error"]["code"]), ("failure", "verifier-failed"), record)
        self.assertIn("StreamMaxLength", record["message"])


class WithoutClamd(unittest.TestCase):
    def test_a_clamd_that_is_away_fails_the_import_which_may_be_tried_again(self):
        with Service({"verify.clamav": {"socket": "/nowhere/clamd.ctl"}}) as service, SourceServer() as sources:
            record = service.wait_for(service.start_import(sources.add("/disk.img", Source(small_qcow2())))["id"])
            self.assertEqual((record["status"], record["error"]["code"]), ("failure", "verifier-failed"), record)
            self.assertTrue(record["error"]["retryable"])
            self.assertNotIn("/nowhere", str(record))
            self.assertEqual(service.files(), {"staging": [], "images": []})

    def test_unless_the_operator_lets_such_images_in(self):
        config = {"verify.clamav": {"socket": "/nowhere/clamd.ctl", "on_failure": "accept"}}
        with Service(config) as service, SourceServer() as sources:
            record = service.wait_for(service.start_import(sources.add("/disk.img", Source(small_qcow2())))["id"])
            self.assertEqual(record["status"], "success", record)
            self.assertEqual(record["checks"][1]["verdict"], "failed")

    def test_a_scan_is_cancelled_although_clamd_says_nothing(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
            silent.bind(f"{folder}/clamd")
            silent.listen()
            config = {"verify.clamav": {"socket": f"{folder}/clamd", "time": "600s"}}
            with Service(config) as service, SourceServer() as sources:
                import_id = service.start_import(sources.add("/disk.img", Source(small_qcow2())))["id"]
                silent.settimeout(PATIENCE)
                peer, _ = silent.accept()
                with peer:
                    self.assertEqual(service.delete(f"/v2/image-imports/{import_id}").status, 204)
                    self.assertEqual(service.wait_for(import_id)["error"]["code"], "cancelled")
                # An orderly stop does not wait for it either.
                second = service.start_import(sources.add("/other.img", Source(small_qcow2())))["id"]
                peer, _ = silent.accept()
                with peer:
                    self.assertEqual(service.stop(), 0)
                self.assertNotEqual(second, import_id)


if __name__ == "__main__":
    unittest.main()
