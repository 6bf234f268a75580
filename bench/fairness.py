#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is bandwidth shared fairly between projects, however many imports each of them runs? Four projects with 1, 2, 4 and 9
imports, all from one source: the bytes each of them receives, and Jain's index of bytes / weight (1: as the weights say;
0.25: one has everything). With the processor as the only limit, under a cap, and under a cap with weights of 1 to 4."""
import argparse
import contextlib
import shutil
import time

from congestion import same_for_everybody
from feeder import SluiceFeeder
from harness import MIB, Nginx, Sluice, median, raw_disk, report, warm, working_directory

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--projects", default="1,2,4,9", help="imports that each of them runs, by comma")
parser.add_argument("--cap", default="200MB/s")
parser.add_argument("--slice", type=float, default=10, help="seconds of one measurement")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--import-size", type=int, default=512, help="MiB")
options = parser.parse_args()
running = {f"project-{number}": int(word) for number, word in enumerate(options.projects.split(","), 1)}


class ProjectFeeder(SluiceFeeder):
    """`received` counts what the imports of one project have received, also those that are still going on."""

    def __init__(self, count, sluice, location):
        super().__init__(count, sluice, location)
        self.connection, self.finished = sluice.connect(), 0

    def ended(self, record):
        super().ended(record)
        self.finished += options.import_size * MIB

    def received(self):
        status, page = self.sluice.call(self.connection, "GET", "/v2/image-imports?limit=100&status=uploading")
        if status != 200:
            raise SystemExit(f"the imports cannot be listed: {page}")
        return self.finished + sum(record["progress"]["bytes"] for record in page["image_imports"])


def patch(service, **members):
    connection = service.connect(service.operator_url)
    status, content = service.call(connection, "PATCH", "/v1/bandwidth", members,
                                   {"Content-Type": "application/merge-patch+json"})
    connection.close()
    if status != 200:
        raise SystemExit(f"bandwidth was not changed: {content}")


def jain(values):
    squares = len(values) * sum(value * value for value in values)
    return sum(values) ** 2 / squares if squares else 0.0


def measured(feeders):
    """MB/s by project over one slice."""
    begin, start = {name: one.received() for name, one in feeders.items()}, time.monotonic()
    time.sleep(options.slice)
    end, passed = {name: one.received() for name, one in feeders.items()}, time.monotonic() - start
    return {name: (end[name] - begin[name]) / 1e6 / passed for name in feeders}


equal = {name: 1 for name in running}
rising = {name: number for number, name in enumerate(running, 1)}
cases = [("the processor is the limit", {"import_max": None}, equal), (f"cap of {options.cap}", {"import_max": options.cap}, equal),
         (f"cap of {options.cap}, weights {':'.join(map(str, rising.values()))}", {"import_max": options.cap}, rising)]
found = {title: [] for title, *_ in cases}
folder = working_directory()
try:
    source = folder / "source"
    source.mkdir()
    warm(raw_disk(source / "disk.raw", options.import_size * MIB))
    most = sum(running.values())
    with same_for_everybody(), Nginx(source, 18207, idle=True) as nginx, \
            Sluice(folder, more='[auth]\nmode = "trusted-headers"\n', max_running=most,
                   max_running_per_project=most) as service, contextlib.ExitStack() as stack:
        feeders = {name: stack.enter_context(ProjectFeeder(count, service.acting_as(name), f"{nginx.url}/disk.raw"))
                   for name, count in running.items()}
        for _ in range(options.rounds):
            for title, limits, weights in cases:
                patch(service, **limits, projects={name: {"weight": weight} for name, weight in weights.items()})
                time.sleep(2)
                found[title].append(measured(feeders))
        errors = {name: feeder.errors for name, feeder in feeders.items() if feeder.errors}
finally:
    shutil.rmtree(folder, ignore_errors=True)

rows = []
for title, _, weights in cases:
    indexes = [jain([rate / weights[name] for name, rate in rates.items()]) for rates in found[title]]
    shares = ", ".join(f"{median([rates[name] for rates in found[title]]):.0f}" for name in running)
    rows.append((title, f"{median(indexes):.3f}", f"Jain's index (target 0.98); {shares} MB/s for {options.projects} imports"))
if errors:
    rows.append(("imports", "FAILED", str(errors)[:300]))
report("Is bandwidth shared fairly?", {"running": running, "cap": options.cap, "rates_mb_per_s": found, "errors": errors}, rows)
