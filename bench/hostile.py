# SPDX-License-Identifier: Apache-2.0
"""Sources that mean harm: one sends a byte a second for ever, one 64 GiB of zeros packed into as many MiB."""
import pathlib
import sys
import zlib

from feeder import SluiceFeeder
from harness import GIB, MIB, boot_record

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from source_server import Repeated, Source, SourceServer  # noqa: E402

GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # RFC 1952 section 2.3
UNPACKED_AT_ONCE = 16 * MIB


def zeros(size):
    """A raw disk of `size` bytes of nothing in gzip; it has no end, so that it can never be sound."""
    def deflated(data):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)  # what follows stands on its own

    block = deflated(bytes(UNPACKED_AT_ONCE))
    head = GZIP_HEADER + deflated(boot_record(size))
    return Repeated(head, block, len(head) + len(block) * (size // UNPACKED_AT_ONCE))


class Hostile:
    SETTINGS = '[verify]\nunpack = ["gzip"]\n'  # so that the service takes the zeros on at all

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        self.server = SourceServer()
        self.locations = [
            self.server.add("/slow.raw", Source(Repeated(boot_record(GIB), bytes(MIB), GIB), rate=self.count, slice=1)),
            self.server.add("/zeros.gz", Source(zeros(64 * GIB)))]
        return self

    def __exit__(self, *_):
        self.server.close()

    def feeder(self, sluice):
        return HostileFeeder(self.count, sluice, self.locations)


class HostileFeeder(SluiceFeeder):
    """Imports that are meant to fail, from each of the locations in turn."""

    def __init__(self, count, sluice, locations):
        super().__init__(count, sluice, None)
        self.locations = locations

    def location_of(self, number):
        return self.locations[number % len(self.locations)]

    def ended(self, record):
        if record["status"] == "success":
            raise RuntimeError(f"an import that had to be refused became an image: {record}")
