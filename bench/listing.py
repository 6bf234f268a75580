#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does a list cost where there are very many images? Images without bytes are created through the API, half of them of
another project, then the same lists are asked for at two sizes of the store, one at a time on one connection: what the
client sees until the last byte. And what memory the service has then."""
import argparse
import concurrent.futures
import http.client
import shutil
import time
import urllib.parse

from harness import Sluice, median, report, working_directory

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--images", type=int, default=100_000)
parser.add_argument("--small", type=int, default=2_000, help="the size of the store to compare with")
parser.add_argument("--rounds", type=int, default=30, help="times that each list is asked for")
parser.add_argument("--connections", type=int, default=16, help="while images are created")
options = parser.parse_args()

LISTS = {
    "the newest 1000": "/v2/images?limit=1000",
    "1000 by a filter, sorted by name": "/v2/images?limit=1000&disk_format=qcow2&sort=name:asc",
    "1000 by two filters, sorted by two keys": "/v2/images?limit=1000&os_hidden=false&disk_format=in:raw,qcow2"
                                               "&sort=name:desc,created_at:asc",
    "1000 by a tag as the filter, sorted by name": "/v2/images?limit=1000&tag=tag-3&sort=name:asc",
    "one by its name": "/v2/images?name=disk-1000",
    "none": "/v2/images?name=there-is-none",
}


def who(project):
    """What an authenticating proxy in front would say: the benchmark plays it."""
    return {"X-Identity-Status": "Confirmed", "X-Project-Id": project, "X-User-Id": "somebody", "X-Roles": "member"}


def create(sluice, numbers):
    connection = sluice.connect()
    for n in numbers:
        body = {"name": f"disk-{n}", "disk_format": ("raw", "vmdk", "qcow2", "raw")[n % 4], "container_format": "bare",
                "hw_disk_bus": "virtio", "tags": [f"tag-{n % 10}"]}
        status, answer = sluice.call(connection, "POST", "/v2/images", body, who("others" if n % 4 < 2 else "mine"))
        if status != 201:
            raise SystemExit(f"no image could be made: {answer}")
    connection.close()


def fill(sluice, first, last):
    share = [range(first + k, last, options.connections) for k in range(options.connections)]
    with concurrent.futures.ThreadPoolExecutor(options.connections) as pool:
        list(pool.map(lambda numbers: create(sluice, numbers), share))


def milliseconds(sluice, path):
    where = urllib.parse.urlsplit(sluice.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    times = []
    for _ in range(options.rounds):
        began = time.perf_counter()
        connection.request("GET", path, headers=sluice.headers)
        answer = connection.getresponse()
        content = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {content[:300]}")
    connection.close()
    return times


folder = working_directory()
try:
    with Sluice(folder, more='[auth]\nmode = "trusted-headers"\n', headers=who("mine")) as sluice:
        figures, memory, made = {}, {}, 0
        for size in (options.small, options.images):
            began = time.perf_counter()
            fill(sluice, made, size)
            print(f"{size - made} images made in {time.perf_counter() - began:.0f} s", flush=True)
            made = size
            figures[size] = {name: milliseconds(sluice, path) for name, path in LISTS.items()}
            memory[size] = sluice.usage.own_mib()
finally:
    shutil.rmtree(folder, ignore_errors=True)

rows = []
for name in LISTS:
    small, large = (median(figures[size][name]) for size in (options.small, options.images))
    target = "target 20 ms" if "filter" in name else ""
    rows.append((f"{name}: of {options.small}, of {options.images}, ms", f"{small:.1f}, {large:.1f}", target))
rows.append((f"memory of its own at {options.small}, at {options.images}, MiB",
             ", ".join(f"{memory[size]:.0f}" for size in (options.small, options.images)), "flat"))
report("What does a list cost where there are very many images?", {"milliseconds": figures, "memory_mib": memory}, rows)
