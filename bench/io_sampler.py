#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints `CLOCK_MONOTONIC seconds, bytes written to the disk` of a process every few milliseconds until its input is
closed: io_sampler.py PID MILLISECONDS. A process of its own, so that it can have real-time priority."""
import gc
import os
import select
import sys
import time

gc.disable()
try:
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))
except PermissionError:
    pass  # the samples are then a little less even; their times are true all the same
pid, step = sys.argv[1], float(sys.argv[2]) / 1000
rows, due = [], time.monotonic()
with open(f"/proc/{pid}/io", "rb", buffering=0) as io:
    while True:
        due += step
        if select.select([0], [], [], max(due - time.monotonic(), 0))[0]:
            break
        io.seek(0)
        text = io.read(512)
        rows.append((time.monotonic(), int(text.split(b"\nwrite_bytes: ")[1].split(b"\n")[0])))
sys.stdout.write("\n".join(f"{when:.6f} {count}" for when, count in rows))
