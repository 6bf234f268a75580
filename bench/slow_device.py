# SPDX-License-Identifier: Apache-2.0
"""A slow disk by what this machine offers: the throttle of cgroup v2 (io.max) or of v1 (blkio.throttle.*), on the device
that holds a folder. Both hold back reads and direct or synchronous writes of the processes in the group."""
import os
import pathlib
import subprocess

V2 = (pathlib.Path("/sys/fs/cgroup"), pathlib.Path("/sys/fs/cgroup/unified"))
V1 = pathlib.Path("/sys/fs/cgroup/blkio")


def device_of(folder):
    """major:minor of the whole disk that holds `folder`; throttles do not take partitions."""
    number = os.stat(folder).st_dev
    name = f"{os.major(number)}:{os.minor(number)}"
    block = pathlib.Path(f"/sys/dev/block/{name}").resolve()
    if (block / "partition").exists():
        name = (block.parent / "dev").read_text().strip()
    return name


class SlowDisk:
    """`prefix` runs a command under the limit of `rate` bytes a second each way; `kind` says by what means."""

    def __init__(self, folder, rate):
        self.device, self.rate, self.group = device_of(folder), rate, None

    def __enter__(self):
        for attempt in (self._v2, self._v1):
            try:
                if attempt():
                    return self
            except OSError as error:
                print(f"{attempt.__name__[1:]} cannot be used: {error}")
                self.__exit__()
        print("not possible on this machine: neither io.max (cgroup v2) nor blkio.throttle (v1) can be set")
        raise SystemExit(77)

    def _v2(self):
        for root in V2:
            controllers = root / "cgroup.controllers"
            if controllers.exists() and "io" in controllers.read_text().split():
                (root / "cgroup.subtree_control").write_text("+io")
                self._make(root)
                (self.group / "io.max").write_text(f"{self.device} rbps={self.rate} wbps={self.rate}")
                self.kind = "cgroup v2, io.max"
                return True
        return False

    def _v1(self):
        if not (V1 / "blkio.throttle.write_bps_device").exists():
            return False
        self._make(V1)
        for name in ("read", "write"):
            (self.group / f"blkio.throttle.{name}_bps_device").write_text(f"{self.device} {self.rate}")
        self.kind = "cgroup v1, blkio.throttle"
        return True

    def _make(self, root):
        self.group = root / f"sluice-bench-{os.getpid()}"
        self.group.mkdir()

    @property
    def prefix(self):
        return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(self.group)]

    def __exit__(self, *_):
        if self.group:
            subprocess.run(["rmdir", self.group], check=False)
            self.group = None
