# SPDX-License-Identifier: Apache-2.0
"""Starts the real service on a free port and talks to it, holding every answer against the published schemas."""
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

import jsonschema

READY = re.compile(r"^sluiced ready: api (http\S+) operator (http\S+)\s*$")
PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "60"))  # seconds: a deadline, never a time to wait


def build_dir():
    return pathlib.Path(os.environ["SLUICE_BUILD_DIR"])


def die_with_parent():
    """In a child: end when the test's process ends, however it does."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def toml(tables):
    """The few shapes of TOML that a configuration needs, from {"table": {"key": value}, "tables": [{"key": value}]}."""
    lines = []
    for name, content in tables.items():
        for table in content if isinstance(content, list) else [content]:
            lines.append(f"[[{name}]]" if isinstance(content, list) else f"[{name}]")
            for key, value in table.items():
                lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def merged(*layers):
    """Later layers of {"table": {"key": value}} win, key by key; lists of tables win whole."""
    result = {}
    for layer in layers:
        for name, table in (layer or {}).items():
            if isinstance(table, list):
                result[name] = table
            else:
                result.setdefault(name, {}).update(table)
    return result


# What differs from the defaults in every test: free ports, and sources on this machine, which are refused otherwise.
LOOPBACK = {
    "http": {"listen": "127.0.0.1:0", "operator_listen": "127.0.0.1:0"},
    "sources": {"ports": [], "allow_networks": ["127.0.0.0/8", "::1/128"]},
}


# Whom the proxy of `trusted-headers` would have let in, for requests that are not a test's own.
SOMEBODY = {"X-Identity-Status": "Confirmed", "X-Project-Id": "schemas", "X-User-Id": "schemas", "X-Roles": "member"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:600]!r}>"


class Service:
    """One sluiced with its own data directory. `with Service(config) as service: …` stops it at the end."""

    def __init__(self, config=None, data_dir=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-test-"))
        self.data_dir = pathlib.Path(data_dir) if data_dir else self.folder / "data"
        self.config_file = self.folder / "sluice.toml"
        self.log_file = self.folder / "log"
        self.config = merged(LOOPBACK, {"store": {"data_dir": str(self.data_dir)}}, config)
        self.process = None
        self.schemas = {}
        self.schema_headers = SOMEBODY  # with which schemas may be read
        self.schemas_guard = threading.Lock()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if self.process and self.process.poll() is None:
                status = self.stop()
                if kind is None and status != 0:
                    raise AssertionError(f"sluiced ended with status {status} after SIGTERM:\n{self.log_tail()}")
        finally:
            self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    # Life

    def write_config(self):
        self.config_file.write_text(toml(self.config))

    def start(self, *arguments):
        self.write_config()
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([build_dir() / "sluiced", "--config", self.config_file, *arguments],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                                            preexec_fn=die_with_parent)
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        match = READY.match(line)
        if not match:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"sluiced did not say that it is ready, but {line!r}:\n{self.log_tail()}")
        self.url, self.operator_url = match[1], match[2]
        self.host, self.port = urllib.parse.urlsplit(self.url).hostname, urllib.parse.urlsplit(self.url).port
        return self

    def stop(self, number=signal.SIGTERM):
        """Asks it to end and gives its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f"sluiced did not end within {PATIENCE:.0f} s:\n{self.log_tail()}") from None
        self.process.stdout.close()
        return status

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stdout.close()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log_tail(self, lines=60):
        return "\n".join(self.log().splitlines()[-lines:])

    # Requests

    def request(self, method, path, body=None, headers=None, validate=True):
        """One request over a connection of its own. Bodies that are not bytes are sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            if validate and method == "POST" and path == "/v2/image-imports":
                self.validate("image-import-request", body)
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            answer = Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        if validate:
            self.validate_answer(path, answer)
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body, **options):
        return self.request("POST", path, body=body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    # Imports

    def start_import(self, location, expect=None, headers=None, **properties):
        """POSTs and gives the record of the new import."""
        body = {"location": location, "image_properties": properties}
        if expect:
            body["expect"] = expect
        answer = self.post("/v2/image-imports", body, headers=headers)
        if answer.status != 201:
            raise AssertionError(f"the import of {location} was not accepted: {answer}")
        return answer.json

    def wait_for(self, import_id, statuses=("success", "failure"), headers=None, seconds=PATIENCE):
        """The record once its status is one of `statuses`; a final one of another kind fails the test."""
        deadline = time.monotonic() + seconds
        # Only for the end may the service hold its answer: a status on the way could pass while it does.
        held = {"Prefer": "wait=5"} if set(statuses) <= {"success", "failure"} else {}
        while time.monotonic() < deadline:
            answer = self.get(f"/v2/image-imports/{import_id}", headers={**held, **(headers or {})})
            if not held:
                time.sleep(0.01)
            if answer.status != 200:
                raise AssertionError(f"the import {import_id} is gone: {answer}")
            if answer.json["status"] in statuses:
                return answer.json
            if answer.json["status"] in ("success", "failure"):
                raise AssertionError(f"waited for {statuses}, but it ended: {answer.json}")
        raise AssertionError(f"the import {import_id} is not {statuses} after {seconds} s: {answer.json}\n{self.log_tail()}")

    def imported(self, location, headers=None, **options):
        """Imports and gives the image's record; anything but success fails the test."""
        record = self.wait_for(self.start_import(location, headers=headers, **options)["id"], headers=headers)
        if record["status"] != "success":
            raise AssertionError(f"the import of {location} failed: {record}\n{self.log_tail(20)}")
        return self.get(record["image_ref"], headers=headers).json

    def failed(self, location, **options):
        """Imports and gives the failed import's record; success fails the test."""
        record = self.wait_for(self.start_import(location, **options)["id"])
        if record["status"] != "failure":
            raise AssertionError(f"the import of {location} should have failed: {record}")
        return record

    def image_bytes(self, image_id, headers=None):
        return self.get(f"/v2/images/{image_id}/file", headers=headers, validate=False).body

    def files(self):
        """The names in the staging area and in the store."""
        return {area: sorted(entry.name for entry in (self.data_dir / area).iterdir())
                for area in ("staging", "images") if (self.data_dir / area).is_dir()}

    # Schemas

    def schema(self, name):
        with self.schemas_guard:
            known = self.schemas.get(name)
        if known is None:
            answer = self.request("GET", f"/v2/schemas/{name}", headers=self.schema_headers, validate=False)
            if answer.status != 200:
                raise AssertionError(f"the schema {name} is not published: {answer}")
            known = answer.json
            kind = jsonschema.validators.validator_for(known, default=jsonschema.Draft7Validator)
            kind.check_schema(known)
            with self.schemas_guard:
                self.schemas[name] = known
        return known

    def validate(self, name, document):
        """Raises unless `document` is what the published schema `name` says."""
        schema = self.schema(name)
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
        resolver = jsonschema.RefResolver(f"{self.url}/v2/schemas/{name}", schema)
        try:
            kind(schema, resolver=resolver, format_checker=jsonschema.FormatChecker()).validate(document)
        except jsonschema.ValidationError as error:
            raise AssertionError(f"not what the schema {name} says: {error}") from None

    def validate_answer(self, path, answer):
        path = path.split("?")[0]
        kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind == "application/problem+json":
            self.validate("problem", answer.json)
            if answer.json["status"] != answer.status:
                raise AssertionError(f"the problem's status is not the answer's: {answer}")
        elif answer.status in (200, 201) and kind == "application/json":
            if path == "/v2/image-imports":
                self.validate("image-imports" if answer.status == 200 else "image-import", answer.json)
            elif re.fullmatch(r"/v2/image-imports/[^/]+", path):
                self.validate("image-import", answer.json)
            elif path == "/v2/images":
                self.validate("images" if answer.status == 200 else "image", answer.json)
            elif re.fullmatch(r"/v2/images/[^/]+/members", path) and "members" in answer.json:
                self.validate("members", answer.json)
            elif re.fullmatch(r"/v2/images/[^/]+/members(/[^/]+)?", path):
                self.validate("member", answer.json)
            elif re.fullmatch(r"/v2/images/[^/]+", path):
                self.validate("image", answer.json)
        elif path.startswith("/v2/image-imports") and answer.status >= 400:
            raise AssertionError(f"a refusal without problem details: {answer}")
