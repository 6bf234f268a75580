#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does knowing who asks cost? GET /v2/images/{id} with a token that Keystone has validated, against the same without
authentication: wrk, 16 connections, on the same cores, in turns (A B B A), the ratio from pairs of one run."""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

from congestion import same_for_everybody
from harness import MIB, Nginx, Sluice, median, raw_disk, report, working_directory

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from fake_keystone import FakeKeystone  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=int, default=3)
parser.add_argument("--rounds", type=int, default=6, help="of A B B A")
options = parser.parse_args()


def wrk(url, headers):
    fields = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    out = subprocess.run(["wrk", "-t1", "-c16", f"-d{options.seconds}s", *fields, url], capture_output=True, text=True,
                         check=True)
    if "Non-2xx" in out.stdout:
        raise SystemExit(out.stdout)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out.stdout)[1])


folder = working_directory()
keystone = FakeKeystone()
try:
    source = folder / "source"
    source.mkdir()
    raw_disk(source / "disk.raw", MIB)
    token = keystone.issue("g" * 183, expires=86400)  # the length of a Fernet token
    guarded = f"""[auth]
mode = "keystone"
[auth.keystone]
url = "{keystone.url}"
username = "{keystone.username}"
password = "pass-\\u00e4\\"word"
project = "{keystone.project}"
cache_ttl = "1d"
"""
    folders = {name: folder / name for name in ("open", "guarded")}
    for each in folders.values():
        each.mkdir()
    with same_for_everybody(), Nginx(source, 18205) as nginx, Sluice(folders["open"]) as open_one, \
            Sluice(folders["guarded"], more=guarded, headers={"X-Auth-Token": token}) as guarded_one:
        services = {"without": open_one, "with a token": guarded_one}
        urls = {}
        for name, service in services.items():
            record = service.import_now(f"{nginx.url}/disk.raw", name="disk")
            if record["status"] != "success":
                raise SystemExit(f"the import failed: {record}")
            urls[name] = service.url + record["image_ref"]
        rates = {name: [] for name in services}
        ratios = []
        for _ in range(options.rounds):
            here = {name: [] for name in services}
            for name in ("without", "with a token", "with a token", "without"):
                here[name].append(wrk(urls[name], services[name].headers))
            for name, values in here.items():
                rates[name] += values
            ratios.append(sum(here["without"]) / sum(here["with a token"]))
        asked = keystone.asked(token)
finally:
    keystone.close()
    shutil.rmtree(folder, ignore_errors=True)

cost = median(ratios) - 1
report("What does knowing who asks cost?",
       {"rates": rates, "ratios": ratios, "asked_of_keystone": asked},
       [("without, requests a second", f"{median(rates['without']):.0f}", ""),
        ("with a token, requests a second", f"{median(rates['with a token']):.0f}", ""),
        ("cost", f"{cost:+.1%}", "at most 10 % of a request; ratios " + " ".join(f"{r:.3f}" for r in sorted(ratios))),
        ("questions to Keystone", str(asked), "one a token")])
