#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is a configured cap held, and is a change of it in force soon? Eight imports under `[bandwidth] import_max`, its rate
over 10 s; then the file is changed and read again (SIGHUP), and the time until the new rate is measured."""
import signal
import time

from harness import report
from isolation import about_run, arguments, publish, settings_of, settle_options, workplace
from services import SluiceService
from written import Written

parser = arguments(__doc__, imports="8", largest=1024)  # none ends meanwhile: a rate over milliseconds is looked at
parser.add_argument("--caps", default="100,50,150", help="MB/s, one after the other, by comma")
options = parser.parse_args()
if options.quick:
    options.slice, options.quick = 3, False
settle_options(options)
caps = [int(word) for word in options.caps.split(",")]
NEAR, WINDOW = 0.10, 0.2  # "in force": within 10 % over 200 ms

with workplace(options) as (folder, nginx):
    with SluiceService(folder / "sluice", bandwidth={"import_max": f"{caps[0]}MB/s"}, **settings_of(options)) as service:
        publish(service, nginx)
        config = service.folder / "sluice.toml"
        with service.feeder(options.imports[0], f"{nginx.url}/disk.raw") as feeder:
            time.sleep(2)
            written, begins = Written(service.sluice.process.pid), []
            time.sleep(0.1)
            for before, cap in zip([caps[0], *caps], caps):
                config.write_text(config.read_text().replace(f'"{before}MB/s"', f'"{cap}MB/s"'))
                service.sluice.process.send_signal(signal.SIGHUP)
                begins.append(time.monotonic())
                time.sleep(options.slice + 1.5)
            written.stop()

rows, figures = [], []
for cap, begin in zip(caps, begins):
    until = written.reaches(begin, begin + 1.5, (WINDOW,), lambda rate: abs(rate / cap - 1) <= NEAR)
    held = written.rate(begin + 1.25, begin + 1.25 + options.slice)
    figures.append({"cap_mb_per_s": cap, "held_mb_per_s": held, "in_force_ms": until})
    rows.append((f"cap of {cap} MB/s, held", f"{held:.1f} MB/s", f"{(held / cap - 1) * 100:+.1f} % (target +-2 %)"))
    if begin != begins[0]:
        rows.append(("… in force", "never" if until is None else f"{until:.0f} ms",
                     f"within 10 % over {WINDOW * 1000:.0f} ms after SIGHUP (target 1000)"))
report("configured caps", {**about_run(options, nginx), "imports": options.imports[0], "caps": figures,
                           "errors_of_imports": feeder.errors}, rows)
