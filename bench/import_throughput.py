#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast, and at what cost in processor time and memory, does an image come in? 2 GiB of raw disk from a local
nginx, page cache warm; one import at a time, then eight at once. Compared with Glance 25.1 on the same kind of machine
(107 MiB/s, 9.5 CPU seconds per GiB, 320 MiB), or, better, with a Glance that runs on this machine, in turn with it:
--glance URL --glance-token TOKEN --glance-pid PID."""
import argparse
import shutil
import time

from congestion import same_for_everybody
from glance_peer import Glance
from harness import GIB, MIB, Nginx, Sluice, median, raw_disk, report, warm, working_directory

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--size", type=int, default=2048, help="MiB")
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--peer-mib-s", type=float, default=107)
parser.add_argument("--peer-cpu", type=float, default=9.5, help="CPU seconds per GiB")
parser.add_argument("--glance")
parser.add_argument("--glance-token")
parser.add_argument("--glance-pid", type=int)
parser.add_argument("--source-port", type=int, default=18201, help="a Glance may allow only some")
options = parser.parse_args()

folder = working_directory()
try:
    source = folder / "source"
    source.mkdir()
    size = options.size * MIB
    warm(raw_disk(source / "disk.raw", size))
    rates, costs, many_rates, many_costs = [], [], [], []
    with same_for_everybody(), Nginx(source, options.source_port) as nginx, Sluice(folder) as sluice:
        connection = sluice.connect()

        def one_round(count):
            sluice.usage.reset_peak()
            cpu, start = sluice.usage.cpu_seconds(), time.monotonic()
            ids = [sluice.submit(connection, f"{nginx.url}/disk.raw") for _ in range(count)]
            records = [sluice.wait(connection, one) for one in ids]
            seconds = time.monotonic() - start
            used = sluice.usage.cpu_seconds() - cpu
            for record in records:
                if record["status"] != "success":
                    raise SystemExit(f"the import failed: {record}")
                sluice.call(connection, "DELETE", record["image_ref"])
            return count * size / MIB / seconds, used / (count * size / GIB), sluice.usage.peak_mib()

        peer = Glance(options.glance, options.glance_token, options.glance_pid) if options.glance else None
        peer_rates, peer_costs = [], []
        one_round(1)  # warm-up
        for _ in range(options.runs):
            if peer:
                rate, cost = peer.import_now(f"{nginx.url}/disk.raw")
                peer_rates.append(rate)
                peer_costs.append(cost)
            rate, cost, _ = one_round(1)
            rates.append(rate)
            costs.append(cost)
        peak = 0
        for _ in range(max(1, options.runs // 2)):
            rate, cost, memory = one_round(8)
            many_rates.append(rate)
            many_costs.append(cost)
            peak = max(peak, memory)
    if peer:
        options.peer_mib_s, options.peer_cpu = median(peer_rates), median(peer_costs)
    figures = {"peer_mib_per_s": peer_rates, "peer_cpu_seconds_per_gib": peer_costs, "mib_per_s": rates, "cpu_seconds_per_gib": costs, "eight_mib_per_s": many_rates,
               "eight_cpu_seconds_per_gib": many_costs, "eight_peak_rss_mib": peak}
    about_peer = "measured in turn" if peer else "as quoted"
    report("import throughput", figures, [
        (f"Glance ({about_peer}), MiB/s", f"{options.peer_mib_s:.0f}", ""),
        (f"Glance ({about_peer}), CPU s/GiB", f"{options.peer_cpu:.2f}", ""),
        ("one import, MiB/s", f"{median(rates):.0f}", f"{median(rates) / options.peer_mib_s:.1f} x peer (target 4)"),
        ("one import, CPU s/GiB", f"{median(costs):.2f}", f"{median(costs) / options.peer_cpu:.2f} x peer (target 4.0 s)"),
        ("eight imports, MiB/s in all", f"{median(many_rates):.0f}", ""),
        ("eight imports, CPU s/GiB", f"{median(many_costs):.2f}", ""),
        ("eight imports, peak memory MiB", f"{peak:.0f}", "target < 96"),
    ])
finally:
    shutil.rmtree(folder, ignore_errors=True)
