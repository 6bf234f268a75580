# SPDX-License-Identifier: Apache-2.0
"""A running Glance to compare with: imports by its own interoperable import (web-download)."""
import http.client
import json
import time
import urllib.parse

from harness import GIB, MIB, Processes


class Glance:
    """`url` without /v2, a token, and the process id of glance-api."""

    def __init__(self, url, token, pid):
        where = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname, where.port, timeout=600)
        self.token = token
        self.usage = Processes(pid)

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {"X-Auth-Token": self.token, "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"Glance answered {answer.status} to {method} {path}: {content[:300]}")
        return json.loads(content) if content else None

    def import_now(self, location):
        """MiB/s and CPU seconds per GiB of one import."""
        image = self.call("POST", "/v2/images", {"name": "bench", "disk_format": "raw", "container_format": "bare"})["id"]
        cpu, start = self.usage.cpu_seconds(), time.monotonic()
        self.call("POST", f"/v2/images/{image}/import", {"method": {"name": "web-download", "uri": location}})
        while True:
            record = self.call("GET", f"/v2/images/{image}")
            if record["status"] == "active":
                break
            if record.get("os_glance_failed_import"):
                raise SystemExit(f"Glance's import failed: {record}")
            time.sleep(0.1)
        seconds = time.monotonic() - start
        used = self.usage.cpu_seconds() - cpu
        self.call("DELETE", f"/v2/images/{image}")
        return record["size"] / MIB / seconds, used / (record["size"] / GIB)
