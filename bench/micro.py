#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What do the hot parts cost one by one? Runs micro_bench (Google Benchmark, bench/micro/) with repetitions and keeps its
medians; further words go to micro_bench, such as --benchmark_filter=digest."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from harness import program, report, working_directory

folder = working_directory()
output = pathlib.Path(tempfile.mkstemp(suffix=".json")[1])
try:
    subprocess.run([program("micro_bench"), "--benchmark_repetitions=5", "--benchmark_enable_random_interleaving=true",
                    "--benchmark_report_aggregates_only=true", f"--benchmark_out={output}", "--benchmark_out_format=json",
                    *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SLUICE_BENCH_DIR": str(folder)})
    said = json.loads(output.read_text())
finally:
    output.unlink()
    folder.rmdir()
medians = [row for row in said["benchmarks"] if row.get("aggregate_name") == "median"]
medians.sort(key=lambda row: (row["family_index"], row["per_family_instance_index"]))
failed = [row for row in said["benchmarks"] if row.get("error_occurred")]


def rate(row):
    if "bytes_per_second" in row:
        return f"{row['bytes_per_second'] / 1e6:.0f} MB/s"
    return f"{row['items_per_second']:.0f} a second" if "items_per_second" in row else ""


rows = [(row["run_name"], f"{row['real_time']:.3g} {row['time_unit']}", rate(row)) for row in medians]
rows += sorted({(row["name"], "FAILED", row["error_message"]) for row in failed})
if not rows:
    raise SystemExit("nothing ran: is the filter right?")
report("micro benches", {"micro": said}, rows)
