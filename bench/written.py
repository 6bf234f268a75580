# SPDX-License-Identifier: Apache-2.0
"""What a service writes to the disk over time: with direct input and output, what its imports store."""
import bisect
import subprocess
import sys

from harness import ROOT

SAMPLE_MS = 5


class Written:
    """Bytes that the service had written by any time, from samples."""

    def __init__(self, pid):
        self.process = subprocess.Popen([sys.executable, ROOT / "bench" / "io_sampler.py", str(pid), str(SAMPLE_MS)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self):
        text, _ = self.process.communicate("")
        rows = [line.split() for line in text.splitlines()]
        self.times, self.counts = [float(row[0]) for row in rows], [int(row[1]) for row in rows]

    def at(self, when):
        after = bisect.bisect(self.times, when)
        if after in (0, len(self.times)):
            return self.counts[0 if after == 0 else -1]
        t0, t1, c0, c1 = *self.times[after - 1:after + 1], *self.counts[after - 1:after + 1]
        return c0 + (c1 - c0) * (when - t0) / (t1 - t0)

    def rate(self, begin, end):
        return (self.at(end) - self.at(begin)) / 1e6 / (end - begin)

    def reaches(self, begin, end, windows, holds):
        """Milliseconds from `begin` until the rate `holds` over each of the following `windows` (seconds: a short one for
        precision, a longer one against chance); None if never before `end`."""
        when = begin
        while when + max(windows) <= end:
            if all(holds(self.rate(when, when + window)) for window in windows):
                return (when - begin) * 1000
            when += SAMPLE_MS / 1000
        return None
