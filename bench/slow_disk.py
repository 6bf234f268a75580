#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Do imports starve serving on a slow disk? Sluice runs under a throttle of 100 MB/s each way on the device of its data
directory; uncached reads (L3) and records (L5) beside imports. It is a throttle, not a slow device: bytes wait in the kernel
in the order they came, without the seeks of a disk. Needs root; ends with status 77 where there is no such throttle."""
import contextlib

from isolation import about_run, also_without, arguments, measure_all, publish, settings_of, settle_options, workplace
from services import SluiceService
from showing import show
from slow_device import SlowDisk

parser = arguments(__doc__, imports="0,4,16", loads="L3,L5")
parser.add_argument("--mb-per-s", type=int, default=100, help="of the disk, each way")
options = parser.parse_args()
if options.quick:
    options.slice, options.pairs, options.imports, options.quick = 3, 2, [0, 16], False
settle_options(options)
options.import_size = options.import_size or 256

with workplace(options) as (folder, nginx), SlowDisk(folder, options.mb_per_s * 1_000_000) as disk:
    settings = settings_of(options, prefix=disk.prefix)
    services = [SluiceService(folder / "sluice", "Sluice", **settings), *also_without(options, folder, **settings)]
    with contextlib.ExitStack() as stack:
        for service in services:
            stack.enter_context(service)
            publish(service, nginx)
        results = measure_all(options, services, nginx)
        show("serving under import on a slow disk",
             {**about_run(options, nginx), "disk": f"{disk.kind}, {options.mb_per_s} MB/s each way, device {disk.device}"}, results)
