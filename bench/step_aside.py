#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Do imports step aside? Eight imports run while serving load comes and goes: a steady load, bursts, and one that wants
the whole machine. Draws latency and import throughput over time (build/bench/step_aside.svg) and measures how long imports
take to fall below 10 % of their idle rate when the machine is wanted, and to come back to 90 % of it."""
import statistics
import time

import step_aside_plot
from harness import ROOT, report
from isolation import about_run, arguments, publish, settings_of, settle_options, workplace
from loads import FILE_BYTES, PIECE
from open_loop import Load
from services import SluiceService
from written import SAMPLE_MS, Written

parser = arguments(__doc__, imports="8", largest=1024)  # none ends meanwhile: a rate over milliseconds is looked at
parser.add_argument("--phase", type=float, default=5, help="seconds of each phase")
parser.add_argument("--steps", type=int, default=3, help="how often the load that wants everything comes")
parser.add_argument("--streams", type=int, default=16, help="downloads of which that load consists")
parser.add_argument("--without", default="", help="protections that are off, by comma")
options = parser.parse_args()
if options.quick:
    options.phase, options.steps, options.quick = 2, 1, False
settle_options(options)
BUSY, BACK = 0.10, 0.90  # of the idle rate
FALLS, RETURNS = (0.01, 0.1), (0.05,)  # seconds over which that has to be so


def middle(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


phases = [("", None), ("400/s", {"rate": 400}), ("", None), ("bursts, 1000/s", {"rate": 1000, "mode": "bursts"}), ("", None)]
phases += [("everything", "streams"), ("", None)] * options.steps
with workplace(options) as (folder, nginx):
    environment = {"SLUICE_WITHOUT": options.without} if options.without else {}
    with SluiceService(folder / "sluice", environment=environment, **settings_of(options)) as service:
        publish(service, nginx)
        pieces = {"range_bytes": PIECE, "file_bytes": FILE_BYTES}
        with service.feeder(options.imports[0], f"{nginx.url}/disk.raw") as feeder:
            time.sleep(2)
            written = Written(service.sluice.process.pid)
            # A light probe all the time shows the latency, also while no other load is on. So light that serving counts as
            # over between two of its requests (20 ms): that is when imports may come back at once.
            probe = Load(service.file_url, options.phase * len(phases) + 2, rate=40, timeline=100, **pieces)
            begin, bands = time.monotonic(), []
            for label, load in phases:
                start = time.monotonic()
                if load == "streams":
                    said = Load(service.file_url, options.phase, mode="streams", connections=options.streams).result()
                    bands.append((said["started"], said["started"] + said["seconds"], label))
                elif load:
                    said = Load(service.file_url, options.phase, **pieces, **load).result()
                    bands.append((said["started"], said["started"] + said["seconds"], label))
                else:
                    time.sleep(options.phase)
            end = time.monotonic()
            latency = probe.result()
            written.stop()

# The idle rate: of the first quiet phase, and again of each quiet phase after a step (its second half), for drift.
idle = written.rate(begin + 0.2, bands[0][0] - 0.1)
steps = []
for number, (start, stop, label) in enumerate(bands):
    if label != "everything":
        continue
    quiet_end = bands[number + 1][0] if number + 1 < len(bands) else end
    steps.append({
        "rate_before": written.rate(start - options.phase / 2, start),
        "rate_during": written.rate(start + options.phase / 4, stop),
        "rate_after": written.rate((stop + quiet_end) / 2, quiet_end),
        "back_off_ms": written.reaches(start, stop, FALLS, lambda rate: rate < BUSY * idle),
        "return_ms": written.reaches(stop, quiet_end, RETURNS, lambda rate: rate >= BACK * idle)})
zero, slice_seconds = latency["started"], latency["slice_ms"] / 1000
points = [((number + 0.5) * slice_seconds, row["p99"] if row["completed"] else None)
          for number, row in enumerate(latency["timeline"]) if (number + 1) * slice_seconds <= end - zero]
rates = [(number * 0.05 + 0.025, written.rate(zero + number * 0.05, zero + (number + 1) * 0.05))
         for number in range(int((end - zero) / 0.05))]
target = ROOT / "build" / "bench" / "step_aside.svg"
target.parent.mkdir(parents=True, exist_ok=True)
step_aside_plot.draw(
    target, "Imports step aside" + (f", without {options.without}" if options.without else ""),
    f"{options.imports[0]} imports; shaded: serving load is on; in 'everything' {options.streams} downloads want the whole "
    "machine, and the probe waits for them too", end - zero,
    [(start - zero, stop - zero, label) for start, stop, label in bands], points, rates, idle)


def shown(values, unit="ms"):
    value = middle(values)
    return "never" if value is None else f"{value:.0f} {unit}"


p99 = {label or "quiet": [] for label, _ in phases}
for when, value in points:
    label = next((name for start, stop, name in bands if start - zero <= when <= stop - zero), "quiet")
    if value:
        p99[label].append(value)
report("imports step aside", {
    **about_run(options, nginx), "imports": options.imports[0], "without": options.without, "idle_mb_per_s": idle,
    "steps": steps, "bands": [(start - zero, stop - zero, label) for start, stop, label in bands],
    "p99_ms_per_100_ms": points, "import_mb_per_s_per_50_ms": rates, "errors_of_imports": feeder.errors,
    "probe": {key: latency[key] for key in ("latency_ms", "failed", "errors")}}, [
        ("imports alone", f"{idle:.0f} MB/s", "written to the disk; the first quiet phase"),
        ("… while everything is wanted", shown([step["rate_during"] for step in steps], "MB/s"), ""),
        ("back-off", shown([step["back_off_ms"] for step in steps]),
         f"until below 10 % of that, +-{SAMPLE_MS} ms (target 15)"),
        ("return", shown([step["return_ms"] for step in steps]),
         "until at 90 % of it over 50 ms (target 100)"),
        *[(f"p99 per 100 ms, {label}", f"{statistics.median(values):.2f} ms", "median of the slices")
          for label, values in p99.items() if values],
        ("plot", "", str(target.relative_to(ROOT)))])
