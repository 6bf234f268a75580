# SPDX-License-Identifier: Apache-2.0
"""Which figure gets worse without each protection: two Sluices, one with everything and one without the one, take turns
(with, without, without, with) at serving while they import."""
import contextlib
import time

from experiment import QUANTILES, Experiment
from harness import report
from isolation import ALL, PROTECTIONS, about_run, locations, publish, settings_of
from loads import Loads
from pairs import believed, median_with_interval, ratio, shown
from services import SluiceService

FEWEST = 4  # pairs, for a verdict: of fewer the interval is only their range


def _figures(slice_):
    """name → (value, larger is worse)"""
    found = {"imports, MB/s": (slice_["import_mb_per_s"], False)}
    for part, said in slice_["parts"].items():
        for name in QUANTILES:
            found[f"{part} {name}, ms"] = (said["latency_ms"][name], True)
        found[f"{part}, MB/s"] = (said["mb_per_s"], False)
        found[f"{part} failed"] = (said["failed"], True)
    return found


def _compare(pairs):
    rows, quiet = believed(pairs)
    found = {}
    for name, (_, larger_is_worse) in _figures(rows[0]["with"]).items():
        change = median_with_interval([ratio(_figures(row["without"])[name][0], _figures(row["with"])[name][0])
                                       for row in rows])
        worse = change and change["pairs"] >= FEWEST and (change["low"] > 1 if larger_is_worse else change["high"] < 1)
        found[name] = {"ratio": change, "worse": bool(worse)}
    return found, quiet


def run_ablations(options, folder, nginx, networks):
    experiment = Experiment(Loads(), nginx, *locations(nginx), options.slice)
    imports, results, rows = options.imports[0], {}, []

    def under_import(service, load):
        with experiment.importing(service, imports):
            time.sleep(experiment.settle)
            return experiment.slice(service, load)

    with contextlib.ExitStack() as stack:
        whole = stack.enter_context(SluiceService(folder / "whole", ALL, **settings_of(options, networks=networks)))
        publish(whole, nginx)
        if "L2" in options.loads:
            whole.pace = experiment.loads.find_pace(whole, min(options.slice, 3))
        for protection in PROTECTIONS:
            settings = settings_of(options, networks=networks, environment={"SLUICE_WITHOUT": protection})
            with SluiceService(folder / protection, f"without {protection}", **settings) as less:
                publish(less, nginx)
                less.pace = whole.pace
                for load in options.loads:
                    pairs = []
                    for number in range((options.pairs + 1) // 2):
                        print(f"  without {protection}, {load}, {imports} imports, round {number + 1}", flush=True)
                        a, b, c, d = (under_import(one, load) for one in (whole, less, less, whole))
                        pairs += [{"with": x, "without": y, "foreign": max(x["foreign"], y["foreign"])}
                                  for x, y in ((a, b), (d, c))]
                    found, quiet = _compare(pairs)
                    results.setdefault(protection, {})[load] = {"pairs": pairs, "figures": found, "quiet": quiet}
                    worse = [f"{name} x {shown(one['ratio'])}" for name, one in found.items() if one["worse"]]
                    p99 = next((one["ratio"] for name, one in found.items() if "p99, ms" in name), None)
                    rows.append((f"without {protection}, {load}", f"p99 x {shown(p99)}",
                                 ("worse: " + "; ".join(worse) if worse else "nothing worse beyond its interval" if len(pairs) >= FEWEST
                                  else f"no verdict from fewer than {FEWEST} pairs")
                                 + ("" if quiet else " (others disturbed)")))
    print("\nRatios are without / with the protection, both while importing; 'worse' names figures whose 95 % interval "
          "lies beyond 1.")
    report("serving under import ablations", {**about_run(options, nginx), "imports": imports, "results": results}, rows)
