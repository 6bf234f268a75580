# SPDX-License-Identifier: Apache-2.0
"""What the tests with OpenStack's own programs stand on: a real Keystone, and the service in its catalog."""
import json
import subprocess
import unittest

from end_to_end_case import EndToEndCase
from real_keystone import RealKeystone, free_port, password_of
from service import merged

DEADLINE = 300  # seconds for one command


class PeerCase(EndToEndCase):
    """`cls.keystone` is real, `cls.service` validates with it and is the cloud's image service."""

    more = {}  # of the configuration
    token_life = 14400

    @classmethod
    def setUpClass(cls):
        cls.keystone = RealKeystone(cls.token_life)
        cls.enterClassContext(cls.keystone)
        # The catalog comes with the service's own token, so that its address stands there before it starts.
        address = f"127.0.0.1:{free_port()}"
        cls.keystone.register("image", "sluice", f"http://{address}")
        cls.config = merged({
            "http": {"listen": address},
            "auth": {"mode": "keystone"},
            "auth.keystone": {"url": cls.keystone.url, "username": "sluice", "password": password_of("sluice"),
                              "project": "service"},
            # Their clients upload a few random bytes and call them a raw disk.
            "verify": {"raw": "any"},
        }, cls.more)
        super().setUpClass()
        cls.service.schema_headers = {"X-Auth-Token": cls.keystone.token("alice")}

    def ask(self, token, path="/v2/images", method="GET", **headers):
        fields = {"Accept": "application/json", "X-Auth-Token": token,
                  **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.service.request(method, path, headers=fields, validate=False)

    def run_as(self, name, *command, succeeds=True):
        """Runs a command line as somebody and gives what it printed. Its input is closed: glanceclient takes any other
        that is no terminal for the bytes of an image."""
        done = subprocess.run(["/bin/sh", "-c", 'exec "$@" <&-', "sh", *map(str, command)], capture_output=True, text=True,
                              env=self.keystone.environment(name), timeout=DEADLINE)
        words = f"{name}: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        if succeeds:
            self.assertEqual(done.returncode, 0, f"{words}\n{self.service.log_tail(20)}")
        else:
            self.assertNotEqual(done.returncode, 0, words)
        return done.stdout

    def openstack(self, name, *words, succeeds=True):
        """`openstack … -f json`, read; nothing for commands that print nothing."""
        printed = self.run_as(name, "/usr/bin/openstack", *words, succeeds=succeeds)
        return json.loads(printed) if succeeds and printed.strip().startswith(("{", "[")) else None


if __name__ == "__main__":
    unittest.main()
