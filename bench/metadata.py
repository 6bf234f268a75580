#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many reads of GET /v2/images/{id} a second? wrk, 16 connections, on the same cores. Glance 25.1 answers 433 a
second on the same kind of machine. Also the list of images, and an image-import."""
import argparse
import re
import shutil
import subprocess

from congestion import same_for_everybody
from harness import MIB, Nginx, Sluice, median, raw_disk, report, working_directory

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=int, default=4)
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--peer-per-s", type=float, default=433)
options = parser.parse_args()


def wrk(url):
    out = subprocess.run(["wrk", "-t1", "-c16", f"-d{options.seconds}s", url], capture_output=True, text=True, check=True)
    if "Non-2xx" in out.stdout:
        raise SystemExit(out.stdout)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out.stdout)[1])


folder = working_directory()
try:
    source = folder / "source"
    source.mkdir()
    raw_disk(source / "disk.raw", MIB)
    with same_for_everybody(), Nginx(source, 18204) as nginx, Sluice(folder) as sluice:
        records = [sluice.import_now(f"{nginx.url}/disk.raw", name=f"disk {n}") for n in range(25)]
        if records[0]["status"] != "success":
            raise SystemExit(f"the import failed: {records[0]}")
        paths = {"GET image": records[0]["image_ref"], "GET images (25)": "/v2/images",
                 "GET image-import": f"/v2/image-imports/{records[0]['id']}", "GET schema": "/v2/schemas/image"}
        figures = {name: [wrk(sluice.url + path) for _ in range(options.runs)] for name, path in paths.items()}
    rows = [(f"{name}, requests/s", f"{median(values):.0f}",
             f"{median(values) / options.peer_per_s:.0f} x peer (target 20)" if name == "GET image" else "")
            for name, values in figures.items()]
    report("metadata reads", figures, rows)
finally:
    shutil.rmtree(folder, ignore_errors=True)
