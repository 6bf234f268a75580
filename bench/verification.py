#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How much of an import is the judging of its image's structure? A qcow2 with every cluster allocated, from POST to success,
and how long the check `structure` of its record took; the peak memory of the processes that judge; and a qcow2 that is
nearly empty but large to its guest."""
import argparse
import pathlib
import re
import shutil
import subprocess
import threading
import time

from congestion import same_for_everybody
from harness import GIB, Nginx, Sluice, median, raw_disk, report, warm, working_directory

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--size", type=int, default=2, help="GiB of the full disk")
parser.add_argument("--virtual", type=int, default=100, help="GiB that the guest of the nearly empty one sees")
parser.add_argument("--runs", type=int, default=5)
options = parser.parse_args()


class PeakOfChildren(threading.Thread):
    """The largest VmHWM of what the service's process has started, looked at every few milliseconds."""

    def __init__(self, usage):
        super().__init__(daemon=True)
        self.usage, self.peak_kib, self.over = usage, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.003):
            for pid in self.usage.family()[1:]:
                try:
                    status = pathlib.Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue  # it has ended
                if found := re.search(r"VmHWM:\s+(\d+)", status):
                    self.peak_kib = max(self.peak_kib, int(found[1]))


def qemu_img(*words):
    subprocess.run(["qemu-img", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def imported(sluice, url):
    connection = sluice.connect()
    began = time.monotonic()
    record = sluice.wait(connection, sluice.submit(connection, url))
    took = time.monotonic() - began
    if record["status"] != "success":
        raise SystemExit(f"the import failed: {record}")
    status, _ = sluice.call(connection, "DELETE", record["image_ref"])
    if status != 204:
        raise SystemExit(f"the image could not be deleted: {status}")
    connection.close()
    return took, next(check["seconds"] for check in record["checks"] if check["name"] == "structure")


folder = working_directory()
try:
    source = folder / "source"
    source.mkdir()
    raw = raw_disk(folder / "disk.raw", options.size * GIB)
    qemu_img("convert", "-f", "raw", "-O", "qcow2", "-S", 0, raw, source / "full.qcow2")
    raw.unlink()
    qemu_img("create", "-f", "qcow2", source / "sparse.qcow2", f"{options.virtual}G")
    warm(source / "full.qcow2")
    with same_for_everybody(), Nginx(source, 18206) as nginx, Sluice(folder) as sluice:
        imported(sluice, f"{nginx.url}/sparse.qcow2")  # the first starts what judges
        watch = PeakOfChildren(sluice.usage)
        watch.start()
        full = [imported(sluice, f"{nginx.url}/full.qcow2") for _ in range(options.runs)]
        sparse = [imported(sluice, f"{nginx.url}/sparse.qcow2") for _ in range(options.runs)]
        watch.over.set()
        watch.join()
    shares = [judged / (took - judged) for took, judged in full]
    report("How much of an import is the judging of its structure?",
           {"full": full, "sparse": sparse, "peak_kib": watch.peak_kib},
           [(f"{options.size} GiB, all clusters: import, s", f"{median(t for t, _ in full):.2f}", ""),
            ("of that judging, s", f"{median(j for _, j in full):.3f}", ""),
            ("judging adds", f"{median(shares):.1%}", "at most 10 %"),
            (f"{options.virtual} GiB to the guest, nearly empty: judging, s", f"{median(j for _, j in sparse):.3f}", "under 1"),
            ("peak memory of a process that judges, MiB", f"{watch.peak_kib / 1024:.0f}", "at most 64")])
finally:
    shutil.rmtree(folder, ignore_errors=True)
