# SPDX-License-Identifier: Apache-2.0
"""Images that are kept in another format than the one in which they came."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import disk_images
from disk_images import MIB, QEMU_NAMES, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Service, build_dir
from source_server import Source, SourceServer

GIB = 1 << 30


def guest_disk(content, disk_format):
    """The SHA-256 of what the guest sees, by qemu-img."""
    with tempfile.TemporaryDirectory() as folder:
        image, raw = pathlib.Path(folder) / "image", pathlib.Path(folder) / "raw"
        image.write_bytes(content)
        disk_images.run("qemu-img", "convert", "-f", QEMU_NAMES.get(disk_format, disk_format), "-O", "raw", image, raw)
        with open(raw, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def on_disk(path):
    return os.stat(path).st_blocks * 512


def sparse(disk_format, virtual_size, folder, *options):
    path = pathlib.Path(folder) / f"sparse.{disk_format}"
    disk_images.run("qemu-img", "create", "-q", "-f", disk_format, *options, path, str(virtual_size))
    return path.read_bytes()


class Converted(EndToEndCase):
    def check_converted(self, content, came_as, to, **options):
        record = self.service.wait_for(self.start(content, to, **options)["id"])
        self.assertEqual(record["status"], "success", record)
        image_id = record["image_ref"].rsplit("/", 1)[1]
        image = self.service.get(record["image_ref"]).json
        stored = self.service.image_bytes(image_id)
        self.check_image(image, stored, to)
        source = record["converted_from"]
        self.assertEqual(source["disk_format"], came_as)
        self.assertEqual(source["size"], len(content))
        self.assertEqual(source["checksum"], hashlib.md5(content).hexdigest())
        self.assertEqual(source["os_hash_value"], hashlib.sha512(content).hexdigest())
        self.assertEqual([(check["name"], check["verdict"]) for check in record["checks"]],
                         [("structure", "passed"), ("structure", "passed")])
        self.assertEqual(self.service.files()["staging"], [])
        self.assertIn(image_id, self.service.files()["images"])
        mode = os.stat(self.service.data_dir / "images" / image_id).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o400)
        return image, stored

    def start(self, content, to, **options):
        answer = self.service.post("/v2/image-imports", {"location": self.serve(content), "image_properties": options,
                                                         "convert_to": to})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json["convert_to"], to)
        return answer.json

    def test_disks_of_every_format_keep_what_the_guest_sees(self):
        for kind, to in (("qcow2", "raw"), ("qcow2-compressed", "raw"), ("vmdk", "raw"), ("vmdk-stream", "qcow2"),
                         ("vdi", "qcow2"), ("vhd", "raw"), ("vhd-fixed", "qcow2"), ("vhdx", "raw"), ("gpt", "qcow2")):
            with self.subTest(f"{kind} to {to}"):
                content = disk_images.image(kind).read_bytes()
                came_as = disk_images.KINDS[kind][1]
                image, stored = self.check_converted(content, came_as, to)
                self.assertEqual(image["virtual_size"], disk_images.virtual_size(disk_images.image(kind), came_as))
                self.assertEqual(guest_disk(stored, to), guest_disk(content, came_as))
                path = self.service.data_dir / "images" / image["id"]
                self.assertEqual(json.loads(subprocess.run(
                    ["qemu-img", "info", "--output=json", "-U", "-f", to, path], check=True, capture_output=True,
                    text=True).stdout)["virtual-size"], image["virtual_size"])

    def test_a_large_sparse_disk_takes_only_what_it_holds(self):
        with tempfile.TemporaryDirectory() as folder:
            content = sparse("qcow2", GIB // 4, folder)
        record = self.service.wait_for(self.start(content, "raw")["id"])
        self.assertEqual(record["status"], "success", record)
        image = self.service.get(record["image_ref"]).json
        self.assertEqual((image["size"], image["virtual_size"]), (GIB // 4, GIB // 4))
        self.assertLess(on_disk(self.service.data_dir / "images" / image["id"]), 16 * MIB)

    def test_what_is_in_the_format_already_stays_byte_for_byte(self):
        content = small_qcow2()
        record = self.service.wait_for(self.start(content, "qcow2")["id"])
        self.assertEqual(record["status"], "success", record)
        self.assertNotIn("converted_from", record)
        self.check_image(self.service.get(record["image_ref"]).json, content, "qcow2")

    def test_what_is_no_disk_cannot_be_asked_for(self):
        record = self.service.wait_for(self.start(disk_images.image("iso").read_bytes(), "raw")["id"])
        self.check_refused(record, "conversion-failed", "iso")

    def test_a_guest_disk_that_would_be_another_image_as_raw_is_not_let_in(self):
        """What a program that probes formats would open as a qcow2 with a backing file of the host."""
        with tempfile.TemporaryDirectory() as folder:
            inner, outer = pathlib.Path(folder) / "inner.qcow2", pathlib.Path(folder) / "outer.qcow2"
            disk_images.run("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", inner, "64M")
            with open(inner, "ab") as file:
                file.truncate(8 * MIB)
            disk_images.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", inner, outer)
            content = outer.read_bytes()
        record = self.service.wait_for(self.start(content, "raw")["id"])
        self.check_refused(record, "conversion-failed", "cannot be kept as raw")
        record = self.service.wait_for(self.service.start_import(self.serve(content))["id"])
        self.assertEqual(record["status"], "success", record)

    def test_a_hostile_image_is_refused_before_anything_converts_it(self):
        content = bytearray(small_qcow2(MIB))
        content[len(content) // 2:] = b""
        record = self.service.wait_for(self.start(bytes(content), "raw")["id"])
        self.assertEqual(record["error"]["code"], "image-truncated", record)
        self.assertNotIn("converted task=" + record["id"], self.service.log())

    def test_other_formats_and_kinds_of_values_are_refused(self):
        for wish in ("vmdk", "", 1, None, ["raw"]):
            answer = self.service.post("/v2/image-imports", json.dumps(
                {"location": "http://127.0.0.1:1/x", "convert_to": wish}).encode(),
                headers={"Content-Type": "application/json"})
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(answer.json["field"], "/convert_to")


class ByTheOperator(unittest.TestCase):
    def test_all_disks_are_kept_in_one_format_and_what_is_none_as_it_came(self):
        with Service({"verify": {"convert_to": "raw"}}) as service, SourceServer() as sources:
            image = service.imported(sources.add("/a", Source(small_qcow2())))
            self.assertEqual((image["disk_format"], image["size"]), ("raw", MIB))
            content = disk_images.image("iso").read_bytes()
            image = service.imported(sources.add("/b", Source(content)))
            self.assertEqual((image["disk_format"], image["size"]), ("iso", len(content)))
            answer = service.post("/v2/image-imports", {"location": sources.add("/c", Source(b"")), "convert_to": "qcow2"})
            self.assertEqual((answer.status, answer.json["field"]), (400, "/convert_to"), answer)
            self.assertIn("raw", answer.json["detail"])

    def test_without_qemu_img_the_start_is_refused_and_so_is_a_request(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "sluice.toml"
            file.write_text('[verify]\nconvert_to = "raw"\nconverter = "/nowhere/qemu-img"\n')
            outcome = subprocess.run([build_dir() / "sluiced", "--config", file, "--check-config"], capture_output=True,
                                     text=True, timeout=PATIENCE, check=False)
            self.assertEqual(outcome.returncode, 2)
            self.assertIn(f"{file}:2: verify.convert_to:", outcome.stderr)
            self.assertIn("install qemu-utils", outcome.stderr)
        with Service({"verify": {"converter": "/nowhere/qemu-img"}}) as service:
            answer = service.post("/v2/image-imports", {"location": "http://127.0.0.1:1/x", "convert_to": "raw"})
            self.assertEqual((answer.status, answer.json["field"]), (400, "/convert_to"), answer)

    def converter(self, folder, commands):
        path = pathlib.Path(folder) / "converter"
        path.write_text("#!/bin/sh\n" + commands)
        path.chmod(0o755)
        os.chmod(folder, 0o755)
        return {"verify": {"convert_to": "raw", "converter": str(path)}}

    def test_a_converter_that_fails_fails_the_import_and_leaves_nothing(self):
        cases = {"echo broken >&2; exit 1": ("conversion-failed", "ended with status 1"),
                 "echo 'qemu-img: No space left on device' >&2; exit 1": ("disk-full", "the disk is full"),
                 "echo not a disk of that size >/proc/self/fd/4": ("conversion-failed", "virtual size"),
                 "cat <&3 >/proc/self/fd/4": ("conversion-failed", "cannot be kept as raw")}
        for commands, (code, words) in cases.items():
            with self.subTest(commands), tempfile.TemporaryDirectory() as folder:
                with Service(self.converter(folder, commands)) as service, SourceServer() as sources:
                    record = service.failed(sources.add("/a", Source(small_qcow2())))
                    self.assertEqual(record["error"]["code"], code, record)
                    self.assertIn(words, record["message"])
                    self.assertEqual(service.files(), {"staging": [], "images": []})

    def endless(self, folder):
        """A service whose converter writes a little and never ends, and an import that is being converted."""
        service = Service(self.converter(folder, "head -c 1000000 /dev/zero | tr '\\0' x >/proc/self/fd/4; sleep 3600"))
        self.addCleanup(service.__exit__, AssertionError, None, None)
        sources = SourceServer()
        self.addCleanup(sources.close)
        service.start()
        import_id = service.start_import(sources.add("/a", Source(small_qcow2())))["id"]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            record = service.get(f"/v2/image-imports/{import_id}").json
            if record["progress"]["phase"] == "converting" and record["progress"]["bytes"] > 0:
                break
            self.assertEqual(record["status"] in ("waiting", "uploading", "verifying"), True, record)
            time.sleep(0.02)
        self.assertEqual(record["status"], "verifying")
        self.assertEqual(record["progress"]["phase"], "converting")
        self.assertNotIn("total", record["progress"])
        return service, sources, import_id

    def test_progress_is_seen_and_cancelling_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            service, _, import_id = self.endless(folder)
            self.assertEqual(service.delete(f"/v2/image-imports/{import_id}").status, 204)
            self.assertEqual(service.wait_for(import_id)["error"]["code"], "cancelled")
            self.assertEqual(service.files(), {"staging": [], "images": []})
            self.assertEqual(service.stop(), 0)

    def test_a_stop_or_a_kill_in_the_middle_is_taken_up_again_and_leaves_nothing(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how), tempfile.TemporaryDirectory() as folder:
                service, sources, import_id = self.endless(folder)
                if how == signal.SIGTERM:
                    self.assertEqual(service.stop(), 0)
                else:
                    service.kill()
                self.assertIn(import_id, service.files()["staging"])
                service.config["verify"] = {"convert_to": "raw"}
                service.start()
                record = service.wait_for(import_id)
                self.assertEqual(record["status"], "success", record)
                self.assertEqual(len(sources.requests("/a")), 1, "it was fetched again")
                self.assertEqual(service.files()["staging"], [])
                self.assertEqual(len(service.files()["images"]), 1)
                self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    unittest.main()
