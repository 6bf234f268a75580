# SPDX-License-Identifier: Apache-2.0
"""Tempest, OpenStack's own tests of an image service."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from disk_images import MIB
from peer_case import PeerCase
from real_keystone import REGION, password_of

DEADLINE = 800  # seconds for all of them

# Its lists upload a few random bytes in each format that [image] names: only a raw disk may be such bytes here, anything
# else is refused for not being what it is declared to be.

# What may skip, and why. Everything else must pass.
MAY_SKIP = {
    "ImageLocationsTest": "an image's bytes are only what was received and inspected: locations are refused",
    "ImageCachingTest": "there is no cache: images are served from where they lie",
    "MultiStoresImportImagesTest": "there is one store",
}


def may_skip(name):
    return any(part in name for part in MAY_SKIP)


class Tempest(PeerCase):
    def test_the_image_service_passes_tempest(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-tempest-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "lock").mkdir()
        image = self.serve(b"\0" * MIB)
        # What was staged at one address of the service is imported and deleted at another: Tempest's two workers.
        self.keystone.register("image_remote", "sluice-by-name", self.service.url.replace("127.0.0.1", "localhost"))
        (folder / "tempest.conf").write_text(f"""[DEFAULT]
log_dir = {folder}
log_file = tempest.log
use_stderr = false
[oslo_concurrency]
lock_path = {folder}/lock
[auth]
use_dynamic_credentials = true
create_isolated_networks = false
admin_username = admin
admin_password = {password_of("admin")}
admin_project_name = admin
admin_domain_name = Default
tempest_roles = member
[identity]
uri_v3 = {self.keystone.url}
auth_version = v3
region = {REGION}
[identity-feature-enabled]
api_v2 = false
[service_available]
glance = true
nova = false
neutron = false
cinder = false
swift = false
horizon = false
[image]
http_image = {image}
disk_formats = raw
container_formats = bare
image_caching_enabled = false
alternate_image_endpoint = image_remote
build_timeout = 60
build_interval = 1
[image-feature-enabled]
import_image = true
os_glance_reserved = true
manage_locations = false
""")
        outcomes = folder / "outcomes.json"
        done = subprocess.run([sys.executable, pathlib.Path(__file__).with_name("tempest_outcomes.py"), outcomes],
                              capture_output=True, text=True, timeout=DEADLINE, cwd=folder,
                              env={**os.environ, "TEMPEST_CONFIG_DIR": str(folder), "TEMPEST_CONFIG": "tempest.conf"})
        self.assertTrue(outcomes.exists(), done.stdout[-3000:] + done.stderr[-3000:])
        report = json.loads(outcomes.read_text())
        counts = {}
        for name, (outcome, reason) in report.items():
            counts[outcome] = counts.get(outcome, 0) + 1
            with self.subTest(name):
                if outcome == "fail":
                    self.fail(reason[-2000:])
                if outcome == "skip" and not may_skip(name):
                    self.fail(f"skipped, and nobody knows why: {reason}")
        print(f"tempest: {counts}")
        self.assertGreaterEqual(counts.get("pass", 0), 72)


if __name__ == "__main__":
    unittest.main()
