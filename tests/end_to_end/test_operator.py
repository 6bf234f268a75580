# SPDX-License-Identifier: Apache-2.0
"""The operators' port of the real service: bandwidth changed while imports run, SIGHUP, metrics."""
import http.client
import json
import pathlib
import re
import signal
import time
import unittest
import urllib.parse

from disk_images import small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Answer
from source_server import Repeated, Source

MIB = 1 << 20
ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*",?)*\})?) (\S+)$')


def long_qcow2(size):
    """A disk as long as it takes: only its first bytes are looked at before the last one."""
    head = small_qcow2(MIB)
    return Repeated(head, b"\0" * MIB, size)


class OperatorCase(EndToEndCase):
    def operator(self, method, path, body=None, headers=None):
        url = urllib.parse.urlsplit(self.service.operator_url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=PATIENCE)
        try:
            content = json.dumps(body).encode() if body is not None else None
            kind = {"Content-Type": "application/merge-patch+json"} if body is not None else {}
            connection.request(method, path, body=content, headers={**kind, **(headers or {})})
            answer = connection.getresponse()
            answer = Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        if answer.headers.get("Content-Type") == "application/problem+json":
            self.service.validate("problem", answer.json)
        return answer

    def bandwidth(self):
        answer = self.operator("GET", "/v1/bandwidth")
        self.assertEqual(answer.status, 200, answer)
        self.service.validate("bandwidth", answer.json)
        return answer.json

    def patch(self, **members):
        self.service.validate("bandwidth-patch", members)
        answer = self.operator("PATCH", "/v1/bandwidth", members)
        self.assertEqual(answer.status, 200, answer)
        self.service.validate("bandwidth", answer.json)
        return answer.json

    def metrics(self):
        answer = self.operator("GET", "/metrics")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        samples = {}
        for line in answer.body.decode().splitlines():
            if not line.startswith("# "):
                match = SAMPLE.match(line)
                self.assertTrue(match, line)
                self.assertNotIn(match[1], samples)
                samples[match[1]] = float(match[2])
        return samples

    def until(self, condition, words):
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline, f"{words}\n{self.service.log_tail()}")
            time.sleep(0.02)
        return found

    def hangup(self, config):
        """Writes the configuration anew and has it read."""
        self.service.config = config
        self.service.write_config()
        self.service.process.send_signal(signal.SIGHUP)


class Bandwidth(OperatorCase):
    def test_a_patch_slows_an_import_that_runs_and_says_who_has_how_much(self):
        location = self.serve(long_qcow2(1 << 32), etag='"long"', rate=48 * MIB)
        record = self.service.start_import(location)
        sent = lambda: sum(request.sent for request in self.sources.requests(self.path_of(location)))
        self.until(lambda: sent() > 8 * MIB, "the import does not run")

        state = self.patch(import_max="1MiB/s")
        self.assertEqual(state["configuration"]["import_max"], "1MiB/s")
        self.assertEqual(state["rates"]["import_max"], MIB)
        time.sleep(1)  # the promise: in force within a second
        before, began = sent(), time.monotonic()
        time.sleep(3)
        took, seconds = sent() - before, time.monotonic() - began
        # What the sender's and our own socket buffers hold counts as sent, once.
        self.assertLess(took, 2 * MIB * seconds + 2 * MIB)
        self.assertGreater(took, 0)

        state = self.until(lambda: (now := self.bandwidth())["imports"] and now["imports"][0]["limited_by"] and now,
                           "nobody is reported as limited")
        shown = state["imports"][0]
        self.assertEqual(shown["id"], record["id"])
        self.assertEqual(shown["project_id"], "default")
        self.assertIn("127.0.0.1", shown["source_host"])
        self.assertLessEqual(shown["allowed"], MIB * 1.05)
        self.assertEqual([project["running"] for project in state["projects"] if project["project_id"] == "default"], [1])

        self.patch(import_max=None)
        self.until(lambda: sent() > before + 40 * MIB, "the import does not go on at its own pace")
        self.service.delete(f"/v2/image-imports/{record['id']}")

    def test_a_refused_patch_changes_nothing(self):
        before = self.bandwidth()["configuration"]
        for patch, field in (({"import_max": "1KiB/s"}, "/import_max"), ({"profile": "balanced", "link": 1}, "/link"),
                             ({"projects": {"p": {"weight": -1}}}, "/projects/p/weight")):
            answer = self.operator("PATCH", "/v1/bandwidth", patch)
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(answer.json["field"], field)
        self.assertEqual(self.bandwidth()["configuration"], before)

    def test_the_api_has_none_of_it(self):
        for path in ("/v1/bandwidth", "/metrics"):
            self.assertEqual(self.service.get(path).status, 404)
        self.assertEqual(self.service.get("/healthcheck", validate=False).body, b"OK")
        health = self.operator("GET", "/healthcheck")
        self.assertEqual((health.status, health.json["status"]), (200, "ok"))

    def test_metrics_move_with_an_import_and_a_read(self):
        before = self.metrics()
        content = small_qcow2(2 * MIB)
        image = self.service.imported(self.serve(content))
        self.service.image_bytes(image["id"])
        self.service.failed(self.serve(b"no disk at all" * 4096))
        after = self.metrics()
        moved = lambda series: after[series] - before[series]
        self.assertEqual(moved("sluice_imports_accepted_total"), 2)
        self.assertEqual(moved('sluice_imports_ended_total{outcome="success",code="none"}'), 1)
        self.assertEqual(sum(moved(series) for series in after if series.startswith("sluice_imports_ended_total")), 2)
        self.assertEqual(moved('sluice_import_phase_seconds_count{phase="verifying",outcome="done"}'), 1)
        self.assertGreaterEqual(moved("sluice_imported_bytes_total"), len(content))
        self.assertGreaterEqual(moved("sluice_image_bytes_served_total"), len(content))
        self.assertGreaterEqual(moved('sluice_http_requests_total{class="file",status="2xx"}'), 1)
        self.assertGreater(moved("sluice_record_commit_seconds_count"), 0)
        self.assertGreater(after["sluice_blocks"], 0)
        self.assertGreater(after["process_cpu_seconds_total"], 0)
        self.assertEqual(set(before), set(after), "what happens makes no new series")

    def test_the_dashboard_and_the_manual_name_metrics_that_there_are(self):
        names = {series.split("{")[0] for series in self.metrics()}
        dashboard = json.loads((ROOT / "docs/grafana/sluice.json").read_text())
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
        self.assertGreater(len(asked), 20)
        for expression in asked:
            for name in re.findall(r"\b(?:sluice|process)_[a-z_]+", expression):
                self.assertIn(name, names, expression)
        described = re.findall(r"`((?:sluice|process)_[a-z_]+)[`{]", (ROOT / "docs/operations.md").read_text())
        families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
        self.assertGreater(len(described), 20)
        for name in described:
            if not name.endswith("_"):
                self.assertIn(name, families)


class Reload(OperatorCase):
    config = {"imports": {"max_running": 1, "max_running_per_project": 4}}

    def test_more_slots_are_granted_at_once_and_a_bad_file_changes_nothing(self):
        good = self.service.config
        records = [self.service.start_import(self.serve(long_qcow2(1 << 28), etag='"long"', rate=MIB))
                   for _ in range(3)]
        statuses = lambda: sorted(self.service.get(f"/v2/image-imports/{record['id']}").json["status"]
                                  for record in records)
        self.until(lambda: statuses() == ["uploading", "waiting", "waiting"], "not one runs")

        self.hangup({**good, "imports": {"max_running": 0}})
        self.until(lambda: "configuration not changed" in self.service.log(), "the bad file is not in the log")
        self.assertRegex(self.service.log(), r"configuration not changed reason=.*sluice\.toml:\d+: imports\.max_running")
        self.assertEqual(statuses(), ["uploading", "waiting", "waiting"])

        self.patch(profile="balanced")
        self.hangup({**good, "imports": {"max_running": 3, "max_running_per_project": 4}})
        self.until(lambda: statuses() == ["uploading"] * 3, "more slots are not granted")
        self.assertEqual(self.bandwidth()["configuration"]["profile"], "serve-first", "a patch lasts until SIGHUP")
        self.assertEqual(self.metrics()['sluice_imports{state="running"}'], 3)
        for record in records:
            self.service.delete(f"/v2/image-imports/{record['id']}")


if __name__ == "__main__":
    unittest.main()
