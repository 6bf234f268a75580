# SPDX-License-Identifier: Apache-2.0
"""Runs the load generator (bench/load) and reads what it says."""
import json
import subprocess

from harness import program


class Load:
    """One run of open_loop: begins at once, `result` waits for its end."""

    def __init__(self, url, seconds, headers=(), prefix=(), **settings):
        words = [*prefix, program("open_loop"), "--url", url, "--duration", str(seconds)]
        for line in headers:
            words += ["--header", line]
        for name, value in settings.items():
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [flag, str(value)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    def result(self):
        text, _ = self.process.communicate()
        if self.process.returncode:
            raise SystemExit(f"open_loop ended with status {self.process.returncode}")
        return json.loads(text)

    def stop(self):
        self.process.kill()
        self.process.communicate()
