# SPDX-License-Identifier: Apache-2.0
"""The sluice command: what it prints, where, and with which exit status."""
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from certificates import Authority
from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, build_dir
from source_server import Source, SourceServer

SUCCESS, FAILED, USAGE, REFUSED, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130


class Client(EndToEndCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.content = small_qcow2(MIB)
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "OS_IMAGE_ENDPOINT": self.service.url}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def start(self, *arguments, **more):
        environment = {**self.environment, **more.pop("environment", {})}
        return subprocess.Popen([build_dir() / "sluice", *map(str, arguments)], stdin=subprocess.DEVNULL,
                                cwd=self.folder, env=environment, **more)

    def sluice(self, *arguments, status=SUCCESS, **more):
        """Runs it to its end, expecting that exit status; gives (stdout, stderr)."""
        with self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more) as process:
            out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, status, f"{arguments}\n{out}\n{err}")
        return out, err

    def make_image(self, **properties):
        return self.service.imported(self.serve(self.content), **properties)

    def test_import_prints_plain_lines_in_a_pipe(self):
        out, err = self.sluice("import", self.serve(self.content, rate=4 * MIB), "--name", "web-01", "--tag", "a", "--tag", "b",
                               "--disk-format", "qcow2", "--min-ram", "64", "--property", "os_distro=debian")
        self.assertEqual(err, "")
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\r", out)
        last = out.splitlines()[-1]
        self.assertIn("imported web-01: image ", last)
        image = self.service.get("/v2/images/" + re.search(r"image ([0-9a-f-]{36})", last)[1]).json
        self.assertEqual((image["name"], sorted(image["tags"]), image["min_ram"], image["os_distro"]),
                         ("web-01", ["a", "b"], 64, "debian"))

    def test_import_with_json_prints_the_final_record_alone(self):
        out, err = self.sluice("import", self.serve(self.content), "--json")
        self.assertEqual(err, "")
        record = json.loads(out)
        self.service.validate("image-import", record)
        self.assertEqual(record["status"], "success")

    def test_a_failed_import_says_why_and_exits_1(self):
        out, err = self.sluice("import", self.sources.url("/absent"), status=FAILED)
        self.assertIn("Could not retrieve image. Received 404 response for url", err)
        self.assertIn("hint:", err)
        out, _ = self.sluice("import", self.sources.url("/absent"), "--json", status=FAILED)
        self.assertEqual(json.loads(out)["error"]["code"], "source-status")

    def test_expectations_are_sent_and_enforced(self):
        digest = hashlib.sha256(self.content).hexdigest()
        self.sluice("import", self.serve(self.content), "--expect", f"sha256:{digest.upper()}", "--expect",
                    f"size:{len(self.content)}")
        _, err = self.sluice("import", self.serve(self.content), "--expect", "sha512:" + "0" * 128, status=FAILED)
        self.assertIn("checksum-mismatch", err)

    def test_a_refused_request_exits_3_and_names_the_field(self):
        _, err = self.sluice("import", "ftp://example.org/disk", status=REFUSED)
        self.assertIn("/location", err)
        out, _ = self.sluice("import", "ftp://example.org/disk", "--json", status=REFUSED)
        self.assertEqual(json.loads(out)["field"], "/location")
        self.sluice("show", "0b2c6c1e-0000-4000-8000-000000000000", status=REFUSED)

    def test_wrong_usage_exits_2_before_anything_is_sent(self):
        for arguments in ((), ("nonsense",), ("import",), ("import", "disk.qcow2"), ("import", "http://a", "--expect", "md5:00"),
                          ("import", "http://a", "--expect", "sha256:00"), ("import", "http://a", "--property", "novalue"),
                          ("show", "../etc"), ("list", "--status", "odd"), ("--url", "ftp://x", "list")):
            with self.subTest(arguments):
                _, err = self.sluice(*arguments, status=USAGE, environment={"OS_IMAGE_ENDPOINT": "http://127.0.0.1:1"})
                self.assertTrue(err.strip())

    def test_a_service_that_does_not_answer_exits_4(self):
        _, err = self.sluice("--url", "http://127.0.0.1:1", "list", status=UNREACHABLE)
        self.assertIn("--url", err)

    def test_where_and_who_come_from_the_environment(self):
        self.sluice("list", environment={"OS_IMAGE_ENDPOINT": "", "OS_ENDPOINT_OVERRIDE": self.service.url + "/v2/"})
        out, _ = self.sluice("import", self.serve(self.content), "--json", environment={"OS_PROJECT_ID": "someone"})
        record = json.loads(out)
        image = self.service.get(record["image_ref"], headers={"X-Project-Id": "someone"}).json
        self.assertEqual(image["owner"], "someone")
        self.sluice("show", record["id"], status=REFUSED)
        self.sluice("show", record["id"], "--project", "someone")

    def test_no_wait_then_watch(self):
        out, _ = self.sluice("import", self.serve(self.content, rate=MIB), "--no-wait", "--json")
        import_id = json.loads(out)["id"]
        out, _ = self.sluice("watch", import_id)
        self.assertIn("imported", out)

    def test_list_and_show(self):
        record = self.service.wait_for(self.service.start_import(self.serve(self.content), name="shown")["id"])
        out, _ = self.sluice("list")
        self.assertIn(record["id"], out)
        out, _ = self.sluice("list", "--status", "failure", "--json")
        self.assertNotIn(record["id"], out)
        out, _ = self.sluice("list", "--limit", "1", "--json")
        self.assertEqual(len(json.loads(out)["image_imports"]), 1)
        out, _ = self.sluice("show", record["id"])
        self.assertIn(record["image_ref"], out)
        out, _ = self.sluice("show", record["image_ref"].rsplit("/", 1)[1], "--json")
        self.assertEqual(json.loads(out)["name"], "shown")

    def test_cancel(self):
        record = self.service.start_import(self.serve(self.content, rate=32 << 10))
        self.service.wait_for(record["id"], ("uploading",))
        self.sluice("cancel", record["id"])
        self.assertEqual(self.service.get(f"/v2/image-imports/{record['id']}").json["error"]["code"], "cancelled")
        _, err = self.sluice("watch", record["id"], status=FAILED)
        self.assertIn("cancelled", err)

    def test_an_interrupt_says_how_to_go_on_and_leaves_the_import(self):
        url = self.serve(self.content, rate=64 << 10)
        with self.start("import", url, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            self.assertTrue(self.sources.wait_until(lambda: any(request.target == self.path_of(url)
                                                                for request in self.sources.log), PATIENCE))
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, INTERRUPTED)
        import_id = re.search(r"sluice watch ([0-9a-f-]{36})", err)[1]
        self.assertIn(self.service.get(f"/v2/image-imports/{import_id}").json["status"], ("uploading", "success"))
        self.service.delete(f"/v2/image-imports/{import_id}")

    def on_terminal(self, *arguments, columns=100, environment=None):
        """What it draws on a terminal of so many columns."""
        main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = self.start(*arguments, stdout=terminal, stderr=terminal,
                             environment={"TERM": "xterm", **(environment or {})})
        os.close(terminal)
        drawn, deadline = b"", time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([main], [], [], 0.5)[0]:
                try:
                    chunk = os.read(main, 65536)
                except OSError:
                    break
                if not chunk:
                    break
                drawn += chunk
        os.close(main)
        self.assertEqual(process.wait(PATIENCE), SUCCESS, drawn)
        return drawn.decode()

    def test_a_bar_is_drawn_on_a_terminal_within_its_width_and_the_cursor_comes_back(self):
        for columns, environment, mark in ((100, {}, "▕"), (45, {}, ""), (100, {"LC_ALL": "C"}, "[")):
            with self.subTest(columns=columns, environment=environment):
                drawn = self.on_terminal("import", self.serve(self.content, rate=MIB), "--name", "web-01", columns=columns,
                                         environment=environment)
                self.assertIn("imported web-01", drawn)
                self.assertIn(mark, drawn)
                self.assertGreater(drawn.rfind("\x1b[?25h"), drawn.rfind("\x1b[?25l"), "the cursor stays hidden")
                for line in drawn.rpartition("\x1b[?25h")[0].split("\r"):
                    plain = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", line).strip("\n")
                    self.assertLess(len(plain), columns, line)

    def test_save_keeps_the_verified_bytes_under_the_images_name(self):
        image = self.make_image(name="My image/1")
        out, _ = self.sluice("save", image["id"])
        self.assertIn("verified", out)
        self.assertEqual((self.folder / "My_image_1.qcow2").read_bytes(), self.content)
        self.sluice("save", image["id"], status=USAGE)
        self.sluice("save", image["id"], "--file", "other.qcow2")
        self.sluice("save", image["id"], "--file", "other.qcow2")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["My_image_1.qcow2", "other.qcow2"])

    def test_save_takes_the_id_of_an_import_too_and_writes_to_standard_output(self):
        record = self.service.wait_for(self.service.start_import(self.serve(self.content))["id"])
        with self.start("save", record["id"], "--file", "-", stdout=subprocess.PIPE) as process:
            out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, SUCCESS)
        self.assertTrue(out == self.content)

    def test_save_of_an_import_without_an_image_says_why(self):
        live = self.service.start_import(self.serve(self.content, rate=32 << 10))["id"]
        _, err = self.sluice("save", live, status=REFUSED)
        self.assertIn("sluice watch", err)
        self.service.delete(f"/v2/image-imports/{live}")
        failed = self.service.failed(self.sources.url("/absent"))
        _, err = self.sluice("save", failed["id"], status=REFUSED)
        self.assertIn("404", err)


class LyingService(unittest.TestCase):
    """The client against a server that is not what it says."""

    def run_save(self, body_sent, length=None, digest=None, environment=None, server=None):
        content = small_qcow2(MIB)
        record = {"id": "0b2c6c1e-0000-4000-8000-000000000000", "name": "disk", "disk_format": "qcow2", "size": len(content),
                  "checksum": hashlib.md5(content).hexdigest(), "os_hash_algo": "sha512",
                  "os_hash_value": digest or hashlib.sha512(content).hexdigest()}
        with tempfile.TemporaryDirectory() as folder, server or SourceServer() as source:
            source.add(f"/v2/images/{record['id']}", Source(json.dumps(record).encode()))
            source.add(f"/v2/images/{record['id']}/file", Source(body_sent, length=length))
            outcome = subprocess.run([build_dir() / "sluice", "--url", source.url(""), "save", record["id"]], cwd=folder,
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False,
                                     env={**os.environ, **(environment or {})})
            return outcome, sorted(os.listdir(folder))

    def test_what_does_not_agree_with_the_record_is_never_kept(self):
        content = small_qcow2(MIB)
        other = content[:-1] + bytes([content[-1] ^ 1])
        for what, arguments, status in (("other bytes", {"body_sent": other}, FAILED),
                                        ("another digest", {"body_sent": content, "digest": "0" * 128}, FAILED),
                                        ("too little", {"body_sent": content[:-1]}, FAILED),
                                        ("cut off", {"body_sent": content[:-1], "length": len(content)}, UNREACHABLE)):
            with self.subTest(what):
                outcome, left = self.run_save(**arguments)
                self.assertEqual(outcome.returncode, status, outcome)
                self.assertTrue(outcome.stderr.strip())
                self.assertEqual(left, [])

    def test_text_of_others_cannot_steer_the_terminal(self):
        evil = "evil \x1b[31m \u009b31m \u202e \r\n name"
        import_id = "0b2c6c1e-0000-4000-8000-000000000000"
        record = {"id": import_id, "status": "failure", "created_at": evil, "location": evil, "message": evil,
                  "image_properties": {"name": evil, evil: evil}, "error": {"code": evil, "hint": evil}}
        with SourceServer() as source:
            source.add(f"/v2/image-imports/{import_id}", Source(json.dumps(record).encode()))
            source.add("/v2/image-imports", Source(json.dumps({"image_imports": [record]}).encode()))
            for arguments, status in ((("list",), SUCCESS), (("show", import_id), SUCCESS), (("watch", import_id), FAILED)):
                outcome = subprocess.run([build_dir() / "sluice", "--url", source.url(""), *arguments], capture_output=True,
                                         stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE, check=False)
                self.assertEqual(outcome.returncode, status, outcome)
                self.assertIn("evil", outcome.stdout + outcome.stderr)
                self.assertNotRegex(outcome.stdout + outcome.stderr, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")

    def test_https_is_verified(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(folder)
            pair = authority.issue("server", "IP:127.0.0.1")
            content = small_qcow2(MIB)
            outcome, left = self.run_save(content, server=SourceServer("127.0.0.1", 0, *pair),
                                          environment={"OS_CACERT": str(authority.certificate)})
            self.assertEqual((outcome.returncode, left), (SUCCESS, ["disk.qcow2"]), outcome)
            outcome, left = self.run_save(content, server=SourceServer("127.0.0.1", 0, *pair))
            self.assertEqual((outcome.returncode, left), (UNREACHABLE, []), outcome)
            wrong = authority.issue("wrong", "DNS:example.org")
            outcome, left = self.run_save(content, server=SourceServer("127.0.0.1", 0, *wrong),
                                          environment={"OS_CACERT": str(authority.certificate)})
            self.assertEqual((outcome.returncode, left), (UNREACHABLE, []), outcome)


if __name__ == "__main__":
    unittest.main()
