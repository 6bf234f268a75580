#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many small images a second come in, each one durable? 200 raw disks of 1 MiB, 16 at once, from POST to success.
Glance 25.1 takes 9 a second on the same kind of machine."""
import argparse
import os
import shutil
import threading
import time

from congestion import same_for_everybody
from harness import MIB, Nginx, Sluice, median, raw_disk, report, warm, working_directory

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--count", type=int, default=200)
parser.add_argument("--at-once", type=int, default=16)
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--peer-per-s", type=float, default=9)
options = parser.parse_args()

folder = working_directory()
try:
    source = folder / "source"
    source.mkdir()
    warm(raw_disk(source / "disk.raw", MIB))
    rates = []
    with same_for_everybody(), Nginx(source, 18203) as nginx, Sluice(folder) as sluice:
        for _ in range(options.runs + 1):
            left, guard, bad = [options.count], threading.Lock(), []

            def client():
                connection = sluice.connect()
                while True:
                    with guard:
                        if left[0] == 0:
                            break
                        left[0] -= 1
                    record = sluice.wait(connection, sluice.submit(connection, f"{nginx.url}/disk.raw"))
                    if record["status"] != "success":
                        bad.append(record)

            start = time.monotonic()
            clients = [threading.Thread(target=client) for _ in range(options.at_once)]
            for one in clients:
                one.start()
            for one in clients:
                one.join()
            rates.append(options.count / (time.monotonic() - start))
            if bad:
                raise SystemExit(f"imports failed: {bad[0]}")
    rates = rates[1:]  # the first round warms up
    report("small imports", {"per_second": rates}, [
        ("imports per second", f"{median(rates):.0f}", f"{median(rates) / options.peer_per_s:.0f} x peer (target 100)")])
finally:
    shutil.rmtree(folder, ignore_errors=True)
