#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Do imports starve serving? Latencies and rates of five loads (L1 to L5, see loads.py) with 0, 4, 16, 64 imports going on,
beside the same without imports, in turn; and how much of what serving leaves the imports use.

    serve_under_import.py                                         Sluice
    serve_under_import.py --diy                                   beside nginx and nice curl | checksums
    serve_under_import.py --peer-url URL --peer-token T           beside a Glance, in the same run
    serve_under_import.py --url URL --token T                     any Glance-compatible service instead of Sluice
    serve_under_import.py --source-rate 50 --hostile 8            from sources of 50 MB/s each, and 8 hostile ones beside them
    serve_under_import.py --without gate                          Sluice without one of its protections
    serve_under_import.py --ablations                             which figure gets worse without each of them"""
import contextlib

from ablations import run_ablations
from hostile import Hostile
from isolation import (PROTECTIONS, about_run, also_without, arguments, measure_all, publish, settings_of, settle_options,
                       workplace)
from services import DiyService, GlanceService, SluiceService
from showing import show

parser = arguments(__doc__)
parser.formatter_class = __import__("argparse").RawDescriptionHelpFormatter
parser.add_argument("--without", action="append", default=[], choices=PROTECTIONS, help="a protection that is off; repeatable")
parser.add_argument("--ablations", action="store_true", help="with L1 and 16 imports unless --loads, --imports say else")
parser.add_argument("--url", help="a Glance-compatible service, without /v2, that is measured instead of Sluice")
parser.add_argument("--token")
parser.add_argument("--pid", type=int, help="its process here, so that its processor time is not taken for somebody else's")
parser.add_argument("--peer-url", help="a Glance-compatible service that is measured in turn with Sluice")
parser.add_argument("--peer-token")
parser.add_argument("--peer-pid", type=int)
parser.add_argument("--diy", action="store_true", help="nginx and nice curl in turn as well")
parser.add_argument("--hostile", type=int, default=0, help="imports of a byte a second and of packed zeros beside the others (Sluice only)")
parser.add_argument("--source-address", default="127.0.0.1", help="where the source listens, as the services reach it")
options = parser.parse_args()
if options.ablations:
    options.imports = [16] if options.imports == parser.get_default("imports") else [max(options.imports)]
    options.loads = "L1" if options.loads == parser.get_default("loads") else options.loads
    if options.quick:
        options.slice, options.pairs, options.quick = 3, 2, False
if options.hostile and (options.url or options.peer_url or options.diy or options.ablations):
    parser.error("--hostile is for Sluice alone, whole: what others begin of these sources cannot be ended")
if options.also_without and (options.ablations or options.hostile):
    parser.error("--also-without: --ablations measure every protection already, and hostile imports need settings that it has not")
settle_options(options)

with workplace(options, options.source_address) as (folder, nginx), contextlib.ExitStack() as stack:
    networks = ["127.0.0.0/8", f"{options.source_address}/32"]
    if options.ablations:
        run_ablations(options, folder, nginx, networks)
        raise SystemExit(0)
    services = []
    if options.url:
        services.append(GlanceService(options.url, options.token, options.pid))
    else:
        environment = {"SLUICE_WITHOUT": ",".join(options.without)} if options.without else {}
        name = "Sluice" + "".join(f" without {name}" for name in options.without)
        services.append(SluiceService(folder / "sluice", name, environment=environment,
                                      more=Hostile.SETTINGS if options.hostile else "",
                                      **settings_of(options, networks=networks)))
    for less in also_without(options, folder, **settings_of(options, networks=networks)):
        less.paced_as = services[0]
        services.append(less)
    if options.peer_url:
        services.append(GlanceService(options.peer_url, options.peer_token, options.peer_pid, "peer"))
    if options.diy:
        services.append(DiyService(folder / "diy", options.source_port + 1, folder / "source" / "served.raw"))
    for service in services:
        stack.enter_context(service)
        publish(service, nginx)
    hostile = stack.enter_context(Hostile(options.hostile)) if options.hostile else None
    results = measure_all(options, services, nginx, hostile=hostile)
    about = {**about_run(options, nginx), "without": options.without, "hostile_imports": options.hostile}
    show("serving under import" + (" beside hostile sources" if hostile else ""), about, results)
