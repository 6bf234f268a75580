#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is an image served as fast and as cheaply as nginx serves the same file? Both from the page cache, the same clients,
taken in turn (A B B A) so that a drifting machine hurts both alike; 1 and 8 connections."""
import argparse
import os
import pathlib
import shutil
import socket
import threading
import time
import urllib.parse

from congestion import same_for_everybody
from harness import GIB, MIB, Nginx, Sluice, median, raw_disk, report, warm, working_directory

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--size", type=int, default=1024, help="MiB")
parser.add_argument("--seconds", type=float, default=4, help="per measurement")
parser.add_argument("--pairs", type=int, default=4)
options = parser.parse_args()


def download(url, until, totals):
    """Reads whole files into a buffer, as a client does that copies the bytes once."""
    where = urllib.parse.urlsplit(url)
    buffer, received = bytearray(MIB), 0
    with socket.create_connection((where.hostname, where.port)) as peer:
        while time.monotonic() < until:
            peer.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(4096)
            head, rest = head.split(b"\r\n\r\n", 1)
            length = int(next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")))
            left = length - len(rest)
            while left:
                got = peer.recv_into(buffer)
                if not got:
                    raise SystemExit("the connection was cut")
                left -= got
            received += length
    totals.append(received)


def measure(usage, url, connections):
    totals, cpu, start = [], usage.cpu_seconds(), time.monotonic()
    until = start + options.seconds
    threads = [threading.Thread(target=download, args=(url, until, totals)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - start
    return sum(totals) / GIB / seconds, (usage.cpu_seconds() - cpu) / (sum(totals) / GIB)


folder = working_directory()
try:
    source = folder / "source"
    source.mkdir()
    raw_disk(source / "disk.raw", options.size * MIB)
    figures, rows = {}, []
    with same_for_everybody(), Nginx(source, 18202) as nginx, Sluice(folder) as sluice:
        record = sluice.import_now(f"{nginx.url}/disk.raw")
        if record["status"] != "success":
            raise SystemExit(f"the import failed: {record}")
        image = f"{sluice.url}{record['image_ref']}/file"
        stored = folder / "data" / "images" / pathlib.PurePath(record["image_ref"]).name
        warm(stored)
        # The rival serves the very file that Sluice stored.
        os.unlink(source / "disk.raw")
        os.symlink(stored, source / "disk.raw")
        for connections in (1, 8):
            ours, theirs, rate_ratio, cpu_ratio = [], [], [], []
            measure(sluice.usage, image, connections)
            measure(nginx.usage, f"{nginx.url}/disk.raw", connections)
            for _ in range(options.pairs):
                a = measure(sluice.usage, image, connections)
                b = measure(nginx.usage, f"{nginx.url}/disk.raw", connections)
                c = measure(nginx.usage, f"{nginx.url}/disk.raw", connections)
                d = measure(sluice.usage, image, connections)
                ours += [a, d]
                theirs += [b, c]
                rate_ratio += [a[0] / b[0], d[0] / c[0]]
                cpu_ratio += [a[1] / b[1], d[1] / c[1]]
            figures[str(connections)] = {"sluice": ours, "nginx": theirs, "rate_ratio": rate_ratio, "cpu_ratio": cpu_ratio}
            name = f"{connections} connection{'s' if connections > 1 else ''}"
            rows += [
                (f"{name}, GiB/s", f"{median(x[0] for x in ours):.2f}",
                 f"nginx {median(x[0] for x in theirs):.2f}; ratio {median(rate_ratio):.2f} (target 0.90)"),
                (f"{name}, CPU s/GiB", f"{median(x[1] for x in ours):.3f}",
                 f"nginx {median(x[1] for x in theirs):.3f}; ratio {median(cpu_ratio):.2f} (target 1.10)"),
            ]
    report("serving from the page cache", figures, rows)
finally:
    shutil.rmtree(folder, ignore_errors=True)
