# SPDX-License-Identifier: Apache-2.0
"""What the programs about isolation share: their options, the files that imports come from, and the order of things."""
import argparse
import contextlib
import os
import shutil
import signal
import sys

from congestion import USUAL, same_for_everybody
from experiment import Experiment
from harness import MIB, Nginx, raw_disk, warm, working_directory
from loads import FILE_BYTES, Loads
from services import SluiceService

WHOLE = "disk.raw"
FIRSTS = ("first-1.raw", "first-2.raw", "first-3.raw", "first-4.raw")  # quarters of it
ALL = "all protections"
PROTECTIONS = ("idle_class", "low_threads", "gate", "controller", "small_writes")


def numbers(text):
    return [int(word) for word in text.split(",")]


def arguments(about, imports="0,4,16,64", loads=",".join(Loads.NAMES), largest=128):
    """`largest`: MiB of a disk that is imported, where the device has room for that many."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--imports", type=numbers, default=numbers(imports), help="numbers of imports, by comma")
    parser.add_argument("--loads", default=loads, help="of " + ",".join(Loads.NAMES))
    parser.add_argument("--pairs", type=int, default=6, help="of each; 20 for figures to be quoted")
    parser.add_argument("--slice", type=float, default=10, help="seconds of one measurement")
    parser.add_argument("--quick", action="store_true", help="slices of 3 s, one round, L1 and L5, 0 and 16 imports")
    parser.set_defaults(largest_import=largest)
    parser.add_argument("--import-size", type=int, default=0,
                        help=f"MiB of a disk that is imported; 0: as fits, at most {largest}")
    parser.add_argument("--source-port", type=int, default=18203, help="a Glance may allow only some")
    parser.add_argument("--idle-source", action=argparse.BooleanOptionalAction, default=True,
                        help="run the source of the imports with SCHED_IDLE: it stands for another machine")
    parser.add_argument("--source-rate", type=float, default=0, help="MB/s of each connection to the source; 0: as many as it can")
    parser.add_argument("--also-without", action="append", default=[], choices=PROTECTIONS,
                        help="measure one more Sluice in turn, without this protection; repeatable")
    parser.add_argument("--congestion-control", default=USUAL,
                        help="TCP of everybody for the time of the run (root), else of Sluice's listening sockets; '': the system's")
    return parser


def settle_options(options):
    if options.quick:
        options.slice, options.pairs, options.imports, options.loads = 3, 2, [0, 16], "L1,L5"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    options.loads = options.loads.split(",")
    for name in options.loads:
        if name not in ("L0", *Loads.NAMES):
            raise SystemExit(f"there is no load {name}: expected some of L0,{','.join(Loads.NAMES)}")
    return options


def settings_of(options, **more):
    """Of a Sluice that can take as many imports as are asked for, and some more that L5 begins."""
    most = max(options.imports) + 16
    return {"max_running": most, "max_running_per_project": most, "max_waiting_per_project": 10000,
            "congestion_control": options.congestion_control, **more}


@contextlib.contextmanager
def workplace(options, address="127.0.0.1"):
    """A folder on a real disk and the source with its disks: one to import again and again and smaller ones to begin with,
    `served`, `tiny`."""
    folder = working_directory()
    try:
        source = folder / "source"
        source.mkdir()
        space = os.statvfs(folder)
        fitting = space.f_bavail * space.f_frsize * 4 // 10 // max(max(options.imports), 1) // MIB
        options.import_size = options.import_size or max(min(options.largest_import, fitting), 16)
        for name, size in zip((WHOLE, *FIRSTS), (options.import_size * quarters // 4 for quarters in (4, 1, 2, 3, 4))):
            warm(raw_disk(source / name, size * MIB))
        raw_disk(source / "served.raw", FILE_BYTES)
        raw_disk(source / "tiny.raw", 1 * MIB)
        with same_for_everybody(options.congestion_control), \
                Nginx(source, options.source_port, idle=options.idle_source, address=address,
                      rate=int(options.source_rate * 1e6)) as nginx:
            yield folder, nginx
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def locations(nginx):
    """What imports come from, and what the first ones come from."""
    return f"{nginx.url}/{WHOLE}", [f"{nginx.url}/{name}" for name in FIRSTS]


def also_without(options, folder, **settings):
    """One more Sluice for each protection that was named, without it."""
    return [SluiceService(folder / f"without-{name}", f"Sluice without {name}", environment={"SLUICE_WITHOUT": name}, **settings)
            for name in options.also_without]


def publish(service, nginx):
    service.publish(f"{nginx.url}/served.raw", f"{nginx.url}/tiny.raw")
    if service.stored:
        warm(service.stored)


def about_run(options, nginx):
    return {"source": "nginx on this machine" + (", SCHED_IDLE" if options.idle_source else ", default class")
            + (f", {options.source_rate:g} MB/s a connection" if options.source_rate else ""),
            "slice_seconds": options.slice, "import_mib": options.import_size, "served_mib": FILE_BYTES // MIB,
            "ratio": "with imports / alone; share_used: import rate with serving / (import rate alone x (1 - processor "
                     "share of serving alone))"}


def measure_all(options, services, nginx, loads=None, hostile=None):
    """{load: {imports: {service: pairs and summary}}}, each service published and warm."""
    loads = loads or Loads()
    experiment = Experiment(loads, nginx, *locations(nginx), options.slice, settle=min(1.0, options.slice / 4),
                            hostile=hostile)
    results = {}
    for load in options.loads:
        print(f"{load}: {loads.title(load)}", flush=True)
        for imports in options.imports:
            results.setdefault(load, {})[imports] = experiment.measure(services, load, imports, options.pairs)
    return results
