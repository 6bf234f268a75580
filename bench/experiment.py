# SPDX-License-Identifier: Apache-2.0
"""Serving with imports beside it against serving alone, in turn on the same machine: what every program about isolation
measures. A round is A I B B A: serving alone, imports alone, both, both, serving alone; it yields two pairs."""
import contextlib
import time

from pairs import MOST_FOREIGN, Machine, believed, median_with_interval, ratio

QUANTILES = ("p50", "p95", "p99", "p99.9")


class Experiment:
    """`source` is the nginx that imports come from: what it sends is what they fetch, whoever fetches. `location`, `firsts`: see
    Feeder."""

    def __init__(self, loads, source, location, firsts, seconds, settle=1.0, hostile=None, say=print):
        """`hostile`: what else is imported meanwhile, see hostile.py."""
        self.loads, self.source, self.hostile = loads, source, hostile
        self.location, self.firsts = location, firsts
        self.seconds, self.settle, self.say = seconds, settle, say

    def slice(self, service, load):
        """One measurement: what the load says (None: without load), the rate of imports, and what the machine did."""
        machine, sent, start = Machine(service.pids), self.source.usage.io("wchar"), time.monotonic()
        if load:
            parts = self.loads.run(load, service, self.seconds)
        else:
            time.sleep(self.seconds)
            parts = {}
        passed = time.monotonic() - start
        return {"parts": parts, "import_mb_per_s": (self.source.usage.io("wchar") - sent) / 1e6 / passed,
                **machine.shares()}

    def round(self, service, load, imports):
        """Two pairs; with 0 imports both sides are the same, which shows the noise of the machine."""
        before = self.slice(service, load)
        if imports == 0:
            first, second, alone, problems = self.slice(service, load), self.slice(service, load), None, {}
        else:
            with self.importing(service, imports) as feeders:
                time.sleep(self.settle)
                alone = self.slice(service, None)
                first, second = self.slice(service, load), self.slice(service, load)
            problems = {name: count for feeder in feeders for name, count in feeder.errors.items()}
            time.sleep(self.settle)
        after = self.slice(service, load)
        return [self.pair(before, first, alone, problems), self.pair(after, second, alone, problems)]

    @contextlib.contextmanager
    def importing(self, service, imports):
        """So many imports go on meanwhile, and the hostile ones; gives their feeders."""
        with contextlib.ExitStack() as stack:
            feeders = [stack.enter_context(service.feeder(imports, self.location, self.firsts))]
            if self.hostile:
                feeders.append(stack.enter_context(self.hostile.feeder(service.sluice)))
            yield feeders

    @staticmethod
    def pair(idle, both, alone, problems):
        used = None
        if alone and alone["import_mb_per_s"] > 0:
            used = ratio(both["import_mb_per_s"], alone["import_mb_per_s"] * max(1 - idle["own"], 0.01))
        return {"idle": idle, "with_imports": both, "imports_alone": alone, "share_used": used,
                "foreign": max(idle["foreign"], both["foreign"]), "steal": max(idle["steal"], both["steal"]),
                "problems_of_imports": problems}

    def measure(self, services, load, imports, pairs):
        """By service: its pairs, rounds of the services in turn, and their summary. Those that cannot take this load
        are left out."""
        found = {service.name: [] for service in services}
        for number in range((pairs + 1) // 2):
            for service in services:
                if load == "L3" and service.stored is None:
                    continue
                self.say(f"  {load}, {imports} imports, round {number + 1}: {service.name}", flush=True)
                found[service.name] += self.round(service, load, imports)
        return {name: {"pairs": rows, **summary(rows)} for name, rows in found.items() if rows}


def summary(pairs):
    """Medians over the believed pairs: of the figures on both sides, and of their ratios."""
    rows, quiet = believed(pairs)
    figures = {"pairs_measured": len(pairs), "pairs_believed": len(rows) if quiet else 0,
               "machine": "quiet" if quiet else f"others took more than {MOST_FOREIGN:.0%} in most pairs: all are kept",
               "foreign": max(row["foreign"] for row in rows), "steal": max(row["steal"] for row in rows),
               "share_used": median_with_interval([row["share_used"] for row in rows]), "parts": {}}

    def both(get):
        return {"idle": median_with_interval([get(row["idle"]) for row in rows]),
                "with_imports": median_with_interval([get(row["with_imports"]) for row in rows]),
                "ratio": median_with_interval([ratio(get(row["with_imports"]), get(row["idle"])) for row in rows])}

    for part in rows[0]["idle"]["parts"]:
        figures["parts"][part] = {name: both(lambda side: side["parts"][part]["latency_ms"][name]) for name in QUANTILES}
        figures["parts"][part]["mb_per_s"] = both(lambda side: side["parts"][part]["mb_per_s"])
        figures["parts"][part]["failed"] = {
            side: sum(row[side]["parts"][part]["failed"] for row in rows) for side in ("idle", "with_imports")}
    figures["import_mb_per_s"] = median_with_interval([row["with_imports"]["import_mb_per_s"] for row in rows])
    figures["imports_alone_mb_per_s"] = median_with_interval(
        [row["imports_alone"]["import_mb_per_s"] for row in rows if row["imports_alone"]])
    figures["serving_alone_cpu"] = median_with_interval([row["idle"]["own"] for row in rows])
    return figures
