# SPDX-License-Identifier: Apache-2.0
"""Comparing two states of a machine that is never quite quiet: pairs side by side in time (A B B A), the median of their
ratios with a bootstrap interval, and a record of what others did meanwhile."""
import os
import pathlib
import random
import statistics

from harness import TICKS

CORES = os.cpu_count()
MOST_FOREIGN = 0.05  # share of the machine that others may take in a pair that is believed


def _ticks(stat, reaped):
    fields = stat.rsplit(")", 1)[1].split()
    own = int(fields[11]) + int(fields[12])
    return own + int(fields[13]) + int(fields[14]) if reaped else own


class Machine:
    """Processor time since it was made: of everybody, of the benchmark's own processes (with their children, dead ones
    as well) and the kernel's threads, which work for whoever asks, and what the host took away."""

    def __init__(self, other_pids=()):
        self.roots = [os.getpid(), *other_pids]
        self.begin = self._now()

    def _now(self):
        fields = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
        user, nice, system, idle, waiting, irq, softirq, steal = fields
        children, stats = {}, {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    stats[int(name)] = pathlib.Path(f"/proc/{name}/stat").read_text()
                except OSError:
                    continue
                parent = int(stats[int(name)].rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(name))
        own, todo = 0, [*self.roots, 2]
        while todo:
            pid = todo.pop()
            if pid in stats:
                own += _ticks(stats[pid], reaped=pid != 2)
                todo += children.get(pid, [])
        busy = user + nice + system + irq + softirq
        return {"busy": busy, "own": own, "steal": steal, "all": sum(fields)}

    def shares(self):
        """Of the whole machine: busy, by others (foreign), taken by the host (steal)."""
        now = self._now()
        passed = {key: now[key] - self.begin[key] for key in now}
        total = max(passed["all"], 1)
        foreign = max(passed["busy"] - passed["own"], 0)
        return {"own": (passed["busy"] - foreign) / total, "foreign": foreign / total, "steal": passed["steal"] / total,
                "seconds": total / CORES / TICKS}


def believed(pairs):
    """The pairs during which others kept away, or all of them (and the second value False) when those are too few."""
    quiet = [pair for pair in pairs if pair["foreign"] <= MOST_FOREIGN]
    return (quiet, True) if len(quiet) * 3 >= len(pairs) and quiet else (pairs, False)


def median_with_interval(values, rounds=2000):
    """Median and its 95 % bootstrap interval: {"median", "low", "high", "pairs"}; None without values."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    chance = random.Random(7)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(rounds))
    return {"median": statistics.median(values), "low": medians[int(rounds * 0.025)],
            "high": medians[int(rounds * 0.975)], "pairs": len(values)}


def ratio(over, under):
    return over / under if under else None


def shown(interval, digits=2):
    if interval is None:
        return "-"
    return f"{interval['median']:.{digits}f} [{interval['low']:.{digits}f} {interval['high']:.{digits}f}]"
