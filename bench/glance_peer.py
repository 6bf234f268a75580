# SPDX-License-Identifier: Apache-2.0
"""A running Glance, or whatever speaks its API, to compare with: imports by interoperable import (web-download)."""
import http.client
import json
import time
import urllib.parse

from harness import GIB, MIB, Processes


class Glance:
    """`url` without /v2, a token (or none), and the process id of glance-api where it runs on this machine."""

    def __init__(self, url, token=None, pid=None):
        self.url, self.token, self.pid = url.rstrip("/"), token, pid
        where = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname, where.port, timeout=600)
        self.usage = Processes(pid) if pid else None

    def another(self):
        """The same service over a connection of its own, for another thread."""
        return Glance(self.url, self.token, self.pid)

    def headers(self):
        return {"X-Auth-Token": self.token} if self.token else {}

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {**self.headers(), "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{self.url} answered {answer.status} to {method} {path}: {content[:300]}")
        return json.loads(content) if content else None

    def begin_import(self, location, name="bench"):
        """The id of the image that comes in."""
        image = self.call("POST", "/v2/images", {"name": name, "disk_format": "raw", "container_format": "bare"})["id"]
        self.call("POST", f"/v2/images/{image}/import", {"method": {"name": "web-download", "uri": location}})
        return image

    def wait(self, image, every=0.1):
        """The image's record once it is active."""
        while True:
            record = self.call("GET", f"/v2/images/{image}")
            if record["status"] == "active":
                return record
            if record.get("os_glance_failed_import") or record["status"] in ("killed", "deleted"):
                raise RuntimeError(f"the import failed: {record}")
            time.sleep(every)

    def import_now(self, location):
        """MiB/s and CPU seconds per GiB of one import."""
        cpu, start = self.usage.cpu_seconds(), time.monotonic()
        image = self.begin_import(location)
        record = self.wait(image)
        seconds = time.monotonic() - start
        used = self.usage.cpu_seconds() - cpu
        self.call("DELETE", f"/v2/images/{image}")
        return record["size"] / MIB / seconds, used / (record["size"] / GIB)
