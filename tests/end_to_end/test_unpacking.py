# SPDX-License-Identifier: Apache-2.0
"""Images as publishers pack them: what is around them comes off while they stream, if the operator lets it."""
import bz2
import gzip
import hashlib
import io
import lzma
import subprocess
import tarfile
import threading
import unittest

from disk_images import KINDS, MIB, image, small_qcow2
from end_to_end_case import EndToEndCase


def zstd(content):
    return subprocess.run(["zstd", "-q", "--check"], input=content, stdout=subprocess.PIPE, check=True).stdout


PACKERS = {"gzip": lambda content: gzip.compress(content, 1), "xz": lambda content: lzma.compress(content, preset=0),
           "zstd": zstd, "bzip2": lambda content: bz2.compress(content, 1)}


def descriptor(*disks):
    files = "".join(f'<File ovf:href="{name}" ovf:id="file{i}"/>' for i, name in enumerate(disks))
    parts = "".join(f'<Disk ovf:capacity="1048576" ovf:diskId="disk{i}" ovf:fileRef="file{i}"/>'
                    for i in range(len(disks)))
    return (f'<?xml version="1.0"?><Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">'
            f"<References>{files}</References><DiskSection><Info/>{parts}</DiskSection></Envelope>").encode()


def archive(*members):
    with io.BytesIO() as memory:
        with tarfile.open(fileobj=memory, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, content in members:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return memory.getvalue()


def manifest(*members, algorithm="sha256"):
    return "".join(f"{algorithm.upper()}({name})= {hashlib.new(algorithm, content).hexdigest()}\n"
                   for name, content in members).encode()


class Unpacking(EndToEndCase):
    config = {"verify": {"unpack": ["gzip", "xz", "zstd", "bzip2", "ova"], "unpack_ratio": 50},
              "imports": {"max_image_size": "1536MiB"}}

    def unpacked(self, packed, content, disk_format, kind, **options):
        url = self.serve(packed, **options.pop("source", {}))
        record = self.service.wait_for(self.service.start_import(url, **options)["id"])
        self.assertEqual(record["status"], "success", record)
        self.assertEqual(record["unpacked_from"], kind)
        stored = self.service.get(record["image_ref"]).json
        self.check_image(stored, content, disk_format)
        self.assertEqual(stored["container_format"], "bare")

    def test_each_packing_comes_off(self):
        qcow2, raw = small_qcow2(2 * MIB), image("gpt").read_bytes()
        for kind, pack in PACKERS.items():
            for content, disk_format in ((qcow2, "qcow2"), (raw, "raw")):
                for chunked in (False, True):
                    with self.subTest(kind, disk_format=disk_format, chunked=chunked):
                        self.unpacked(pack(content), content, disk_format, kind, source={"chunked": chunked})

    def test_an_image_that_comes_as_it_is_says_nothing_of_packing(self):
        record = self.service.wait_for(self.service.start_import(self.serve(small_qcow2()))["id"])
        self.assertEqual(record["status"], "success")
        self.assertNotIn("unpacked_from", record)

    def test_what_is_expected_is_the_bytes_as_received(self):
        content = small_qcow2(MIB)
        for kind, pack in PACKERS.items():
            packed = pack(content)
            with self.subTest(kind):
                self.unpacked(packed, content, "qcow2", kind, expect={
                    "size": len(packed),
                    "checksum": {"algorithm": "sha512", "value": hashlib.sha512(packed).hexdigest()}})
                record = self.service.failed(self.serve(packed), expect={
                    "checksum": {"algorithm": "sha512", "value": hashlib.sha512(content).hexdigest()}})
                self.check_refused(record, "checksum-mismatch")

    def test_a_broken_transfer_goes_on_while_it_is_unpacked(self):
        content = small_qcow2(4 * MIB)
        packed = gzip.compress(content, 1)
        self.assertGreater(len(packed), 3 * MIB)
        self.unpacked(packed, content, "qcow2", "gzip",
                      source={"etag": '"steady"', "cut_after": [MIB, MIB + 5, None]})

    def test_an_ova_gives_its_disk(self):
        disk = image("vmdk").read_bytes()
        text = descriptor("disk.vmdk")
        members = (("machine.ovf", text), ("disk.vmdk", disk))
        for what, packed in {
                "no manifest": archive(*members),
                "manifest first": archive(members[0], ("machine.mf", manifest(*members)), members[1]),
                "manifest last": archive(*members, ("machine.mf", manifest(*members, algorithm="sha1"))),
                "more members": archive(members[0], ("machine.cert", b"-----"), ("x.iso", bytes(70000)), members[1]),
        }.items():
            with self.subTest(what):
                self.unpacked(packed, disk, KINDS["vmdk"][1], "ova")

    def test_an_ova_that_is_not_sound_is_refused(self):
        disk = image("vmdk").read_bytes()
        text = descriptor("disk.vmdk")
        good = (("machine.ovf", text), ("disk.vmdk", disk))
        for what, packed in {
                "wrong manifest": archive(*good, ("machine.mf", manifest(good[0], ("disk.vmdk", disk[:-1])))),
                "two disks": archive(("machine.ovf", descriptor("disk.vmdk", "more.vmdk")), good[1],
                                     ("more.vmdk", disk)),
                "no disk": archive(good[0]),
                "a path in the archive": archive(good[0], ("../../etc/cron.d/disk.vmdk", disk)),
                "a path in the descriptor": archive(("machine.ovf", descriptor("/etc/passwd")), good[1]),
                "an entity": archive(("machine.ovf", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + text),
                                     good[1]),
        }.items():
            with self.subTest(what):
                record = self.service.failed(self.serve(packed))
                self.check_refused(record, "unpacking-failed")
                self.assertNotIn("root:", record["message"])

    def test_a_bomb_is_stopped(self):
        # 1.1 GiB of zeros behind a partition table: zstd makes a few tens of KiB of them.
        bomb = bytearray(image("mbr").read_bytes()[:MIB])
        packer = subprocess.Popen(["zstd", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        packed = bytearray()
        reader = threading.Thread(target=lambda: packed.extend(packer.stdout.read()))
        reader.start()
        packer.stdin.write(bomb)
        for _ in range(1100):
            packer.stdin.write(bytes(MIB))
        packer.stdin.close()
        reader.join()
        packer.wait()
        self.assertLess(len(packed), MIB)
        self.check_refused(self.service.failed(self.serve(bytes(packed))), "unpacking-failed")

    def test_only_one_layer_comes_off(self):
        content = small_qcow2()
        for inner in PACKERS:
            with self.subTest(inner):
                packed = PACKERS["gzip"](PACKERS[inner](content))
                self.check_refused(self.service.failed(self.serve(packed)), "unpacking-failed", "packed again")

    def test_what_is_broken_is_refused(self):
        for kind, pack in PACKERS.items():
            packed = pack(small_qcow2(MIB))
            for what, bad in (("cut off", packed[:-5]), ("followed by something", packed + b"and more")):
                with self.subTest(kind, what=what):
                    self.check_refused(self.service.failed(self.serve(bad)), "unpacking-failed")


class NotAllowed(EndToEndCase):
    def test_without_the_operators_leave_nothing_comes_off(self):
        for kind, pack in PACKERS.items():
            with self.subTest(kind):
                record = self.service.failed(self.serve(pack(small_qcow2())))
                self.check_refused(record, "not-an-image", kind)
                self.assertNotIn("verify", record["message"])
        packed = archive(("machine.ovf", descriptor("disk.vmdk")), ("disk.vmdk", image("vmdk").read_bytes()))
        self.check_refused(self.service.failed(self.serve(packed)), "format-not-allowed", "OVA")


if __name__ == "__main__":
    unittest.main()
