#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Do imports starve serving over a narrow link? Two network namespaces, joined by a veth of 400 Mbit/s both ways (tc tbf):
Sluice in one, the source and the clients in the other. Measured in turn with `[bandwidth] link` unset (learned) and set.
Needs root; ends with status 77 where namespaces or tc are not permitted."""
import contextlib

import network
from isolation import about_run, also_without, arguments, measure_all, publish, settings_of, settle_options, workplace
from loads import Loads
from services import SluiceService
from showing import show

parser = arguments(__doc__, imports="0,4,16", loads="L1,L2,L5")
parser.add_argument("--mbit", type=int, default=400, help="of the link, each way")
parser.add_argument("--queue", type=int, default=20, help="milliseconds of queue at each end")
options = settle_options(parser.parse_args())
prefix = network.run_again_outside(options.mbit, options.queue)
options.import_size = options.import_size or 256

with workplace(options, network.OUTSIDE) as (folder, nginx), contextlib.ExitStack() as stack:
    common = settings_of(options, prefix=prefix, address=network.SERVICE, networks=[f"{network.OUTSIDE}/32"])
    services = [SluiceService(folder / "learned", "Sluice, link learned", **common),
                SluiceService(folder / "set", "Sluice, link set", bandwidth={"link": f"{options.mbit}Mbit/s"}, **common),
                *also_without(options, folder, **common)]
    for service in services:
        stack.enter_context(service)
        publish(service, nginx)
    results = measure_all(options, services, nginx, Loads())
    about = {**about_run(options, nginx), "link": f"veth, tc tbf {options.mbit} Mbit/s each way, {options.queue} ms of queue"}
    show("serving under import over a narrow link", about, results)
