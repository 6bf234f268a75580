# SPDX-License-Identifier: Apache-2.0
"""The loads that serving is measured under. Each returns what open_loop says, by part: "file", "metadata", "create"."""
import time

from harness import MIB
from open_loop import Load
from pairs import Machine

FILE_BYTES = 256 * MIB  # of the image that is served
PIECE = 64 * 1024
LEAVING_SOME = 0.6  # of what there is: a load that takes more leaves nothing for imports


class Loads:
    """`quick`: for trying out; `prefix`: a command that runs the clients, elsewhere."""

    def __init__(self, timeout=30, prefix=()):
        self.common = {"timeout": timeout, "prefix": prefix}

    def _file(self, service, seconds, **settings):
        return Load(service.file_url, seconds, service.headers, **{**self.common, **settings})

    def _pieces(self, service, seconds, size=PIECE, **settings):
        return self._file(service, seconds, range_bytes=size, file_bytes=FILE_BYTES, **settings)

    def L1(self, service, seconds):
        """400 pieces of 64 KiB a second, from the page cache."""
        return {"file": self._pieces(service, seconds, rate=400).result()}

    def _downloads(self, service, seconds, pace=0):
        return self._file(service, seconds, mode="streams", connections=4, pace=int(pace)).result()

    def find_pace(self, service, seconds):
        """Of each of 4 downloads, while nothing else goes on: 60 % of what they can have unhindered, and no more than takes
        60 % of the processors, for a client that keeps a pace costs more than one that does not."""
        pace = max(self._downloads(service, seconds)["mb_per_s"] * 1e6 * LEAVING_SOME / 4, 1e5)
        for _ in range(4):
            machine = Machine(service.pids)
            self._downloads(service, seconds, pace)
            taken = machine.shares()["own"]
            if taken <= LEAVING_SOME * 1.05:
                break
            pace *= LEAVING_SOME / taken
        return pace

    def L2(self, service, seconds):
        """4 downloads at 60 % of what there is; latency: by how much each hundredth of a second came late."""
        if service.pace is None:
            model = service.paced_as
            service.pace = model.pace if model and model.pace else self.find_pace(service, min(seconds, 3))
        return {"file": self._downloads(service, seconds, service.pace)}

    def L3(self, service, seconds):
        """50 pieces of 1 MiB a second that are not in the page cache."""
        if service.stored is None:
            return None
        return {"file": self._pieces(service, seconds, MIB, rate=50, drop_file=service.stored).result()}

    def L4(self, service, seconds):
        """Bursts: 1000 pieces of 64 KiB a second for 20 to 200 ms, then nothing for as long."""
        return {"file": self._pieces(service, seconds, rate=1000, mode="bursts").result()}

    def L5(self, service, seconds):
        """400 reads of an image's record a second; beside them 5 imports begun a second where there is such a thing."""
        reads = Load(service.record_url, seconds, service.headers, rate=400, **self.common)
        if service.create is None:
            return {"metadata": reads.result()}
        url, body = service.create
        creates = Load(url, seconds, service.headers, rate=5, method="POST", body=body, **self.common)
        return {"metadata": reads.result(), "create": creates.result()}

    def L0(self, service, seconds):
        """Nothing is asked for: what the protections cost imports that have the machine to themselves."""
        time.sleep(seconds)
        return {}

    NAMES = ("L1", "L2", "L3", "L4", "L5")

    def title(self, name):
        return getattr(self, name).__doc__

    def run(self, name, service, seconds):
        return getattr(self, name)(service, seconds)
