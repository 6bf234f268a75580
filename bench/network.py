# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by a narrow link: Sluice in one, the source and the clients in the other."""
import os
import subprocess
import sys

SERVICE, OUTSIDE = "10.219.73.1", "10.219.73.2"
INSIDE_FLAG = "SLUICE_BENCH_NAMESPACE"


def _ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


class NarrowLink:
    """A veth of `mbit` both ways, shaped at both ends by a token bucket with `queue_ms` of queue, as a switch port has."""

    def __init__(self, mbit, queue_ms):
        self.mbit, self.queue_ms = mbit, queue_ms
        self.service, self.outside = f"sluice-{os.getpid()}", f"outside-{os.getpid()}"

    def __enter__(self):
        burst = max(self.mbit * 1_000_000 // 8 // 250 + 3000, 64 * 1024)  # what one tick of a kernel with HZ=250 lets pass
        steps = [["netns", "add", self.service], ["netns", "add", self.outside],
                 ["-n", self.service, "link", "add", "narrow", "type", "veth", "peer", "name", "narrow", "netns", self.outside]]
        for space, address in ((self.service, SERVICE), (self.outside, OUTSIDE)):
            steps += [["-n", space, "addr", "add", f"{address}/30", "dev", "narrow"],
                      ["-n", space, "link", "set", "lo", "up"], ["-n", space, "link", "set", "narrow", "up"],
                      ["netns", "exec", space, "tc", "qdisc", "add", "dev", "narrow", "root", "tbf", "rate",
                       f"{self.mbit}mbit", "burst", str(burst), "latency", f"{self.queue_ms}ms"]]
        for step in steps:
            done = _ip(*step)
            if done.returncode:
                self.__exit__()
                print(f"not possible on this machine: ip {' '.join(step)}: {done.stderr.strip()}")
                raise SystemExit(77)
        return self

    def __exit__(self, *_):
        _ip("netns", "del", self.service)
        _ip("netns", "del", self.outside)


def run_again_outside(mbit, queue_ms):
    """Makes the link and runs this program again in the outer namespace, where the source and the clients are; returns the
    command that runs something in the inner one. What is at the end of the first run never comes back from here."""
    inner = os.environ.get(INSIDE_FLAG)
    if inner:
        return ["ip", "netns", "exec", inner]
    with NarrowLink(mbit, queue_ms) as link:
        done = subprocess.run(["ip", "netns", "exec", link.outside, sys.executable, *sys.argv],
                              env={**os.environ, INSIDE_FLAG: link.service})
    raise SystemExit(done.returncode)
