# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus reads /metrics, and every panel of the dashboard shows something once the service has been used."""
import json
import math
import pathlib
import re
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from real_keystone import free_port
from service import PATIENCE, die_with_parent

DASHBOARD = pathlib.Path(__file__).resolve().parents[2] / "docs/grafana/sluice.json"
# What Grafana fills in: every instance, and an interval of four scrapes at least.
VARIABLES = {"$instance": ".*", "$__rate_interval": "1m"}


def panels():
    """(title, expression, legend) of everything that the dashboard asks."""
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield panel["title"], expression, target.get("legendFormat", "")


class Prometheus:
    """`with Prometheus(target) as prometheus: prometheus.query("up")`. It asks `target` (host:port) each second."""

    def __init__(self, target):
        self.target = target
        self.url = f"http://127.0.0.1:{free_port()}"

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sluice-prometheus-")
        folder = pathlib.Path(self.folder.name)
        (folder / "prometheus.yml").write_text(json.dumps({  # YAML reads JSON
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "sluice", "static_configs": [{"targets": [self.target]}]}]}))
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            ["/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={urllib.parse.urlsplit(self.url).netloc}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def words(self):
        return (pathlib.Path(self.folder.name) / "log").read_text()[-3000:]

    def get(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(parameters)}", timeout=PATIENCE) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """[(labels, value)] of now."""
        return [(row["metric"], float(row["value"][1])) for row in self.get("/api/v1/query", query=expression)["result"]]


@unittest.skipUnless(pathlib.Path("/usr/bin/prometheus").exists(), "no Prometheus here: cmake/install-packages peers")
class Dashboard(EndToEndCase):
    # With limits and classes in force, so that what shows only finite ones has something to show.
    config = {"bandwidth": {"link": "1Gbit/s", "import_max": "800Mbit/s"}}

    def setUp(self):
        self.prometheus = self.enterContext(Prometheus(urllib.parse.urlsplit(self.service.operator_url).netloc))

    def until(self, condition, words):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass  # it does not listen yet
            if time.monotonic() > deadline:
                self.fail(f"{words()}\n{self.prometheus.words()}")
            time.sleep(0.5)

    def use(self):
        """A bit of everything that the panels show: an import that succeeds, one that fails, reads, a list."""
        content = small_qcow2(2 * MIB)
        image = self.service.imported(self.serve(content))
        self.service.failed(self.serve(b"no disk at all" * 4096))
        self.service.image_bytes(image["id"])
        self.service.get("/v2/images")

    def test_every_panel_has_something_to_show(self):
        self.until(lambda: self.prometheus.query("up == 1"), lambda: "Prometheus did not get to know the service")
        empty = {}

        def all_shown():
            self.use()
            empty.clear()
            for title, expression, _ in panels():
                rows = self.prometheus.query(expression)
                if not [value for _, value in rows if not math.isnan(value)]:
                    empty[f"{title}: {expression}"] = rows
            return not empty

        self.until(all_shown, lambda: "\n".join(f"{name} gave {rows}" for name, rows in empty.items()))
        for title, expression, legend in panels():
            for labels, _ in self.prometheus.query(expression):
                for name in re.findall(r"{{(\w+)}}", legend):
                    self.assertIn(name, labels, f"{title}: the legend {legend} names what {expression} does not give")
        instances = self.prometheus.get("/api/v1/label/instance/values", **{"match[]": "sluice_imports_accepted_total"})
        self.assertEqual(instances, [self.prometheus.target], "what the dashboard offers to choose from")

    def test_promtool_finds_nothing_to_mend_in_the_metrics(self):
        self.use()
        metrics = urllib.request.urlopen(self.service.operator_url + "/metrics", timeout=PATIENCE).read()
        done = subprocess.run(["/usr/bin/promtool", "check", "metrics"], input=metrics, capture_output=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main()
