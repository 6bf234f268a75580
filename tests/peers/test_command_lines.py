# SPDX-License-Identifier: Apache-2.0
"""The commands that ordinary users run, with Debian's `openstack` and `glance`."""
import pathlib
import tempfile
import time
import unittest

from disk_images import small_qcow2
from peer_case import PeerCase
from service import PATIENCE


class CommandLines(PeerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-peers-"))
        cls.addClassCleanup(lambda: __import__("shutil").rmtree(cls.folder, ignore_errors=True))
        cls.disk = cls.folder / "disk.qcow2"
        cls.disk.write_bytes(small_qcow2())

    def created(self, who, name, *words):
        return self.openstack(who, "image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file",
                              self.disk, *words, name, "-f", "json")["id"]

    def listed(self, who, *words):
        return [entry["ID"] for entry in self.openstack(who, "image", "list", *words, "-f", "json")]

    def wait_until(self, who, image, status):
        deadline = time.monotonic() + PATIENCE
        while (seen := self.openstack(who, "image", "show", image, "-f", "json"))["status"] != status:
            self.assertLess(time.monotonic(), deadline, seen)
            time.sleep(0.3)
        return seen

    def test_an_image_is_created_seen_changed_saved_and_deleted(self):
        image = self.created("alice", "first", "--property", "os_distro=debian", "--tag", "one")
        self.assertIn(image, self.listed("alice"))
        self.assertIn(image, self.listed("alice", "--name", "first", "--long", "--status", "active"))
        shown = self.openstack("alice", "image", "show", "first", "-f", "json")
        self.assertEqual((shown["id"], shown["status"], shown["tags"]), (image, "active", ["one"]))
        saved = self.folder / "saved"
        self.openstack("alice", "image", "save", "--file", saved, image)
        self.assertEqual(saved.read_bytes(), self.disk.read_bytes())
        self.openstack("alice", "image", "set", "--name", "renamed", "--property", "hw_disk_bus=virtio", image)
        shown = self.openstack("alice", "image", "show", image, "-f", "json")
        self.assertEqual((shown["name"], shown["properties"]["hw_disk_bus"]), ("renamed", "virtio"))
        self.openstack("alice", "image", "delete", image)
        self.openstack("alice", "image", "show", image, succeeds=False)

    def test_what_belongs_to_others_is_not_there(self):
        image = self.created("alice", "mine", "--private")
        self.assertNotIn(image, self.listed("bob"))
        for words in (("show",), ("delete",), ("save", "--file", self.folder / "stolen")):
            self.openstack("bob", "image", *words, image, succeeds=False)
        self.created_by_nobody("alice", "--public")
        self.openstack("alice", "image", "delete", image)

    def created_by_nobody(self, who, *words):
        self.openstack(who, "image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", self.disk,
                       *words, "not-mine", succeeds=False)

    def test_a_reader_reads_and_does_not_write(self):
        image = self.created("alice", "for-reading")
        self.assertIn(image, self.listed("carol"))
        self.openstack("carol", "image", "save", "--file", self.folder / "read", image)
        self.created_by_nobody("carol")
        self.openstack("carol", "image", "delete", image, succeeds=False)
        self.openstack("carol", "image", "set", "--name", "changed", image, succeeds=False)
        self.openstack("dave", "image", "list", succeeds=False)
        self.openstack("alice", "image", "delete", image)

    def test_an_image_is_shared_and_accepted(self):
        image = self.created("alice", "shared", "--shared")
        self.openstack("alice", "image", "add", "project", image, self.keystone.projects["b"])
        self.openstack("bob", "image", "set", "--accept", image)
        self.assertIn(image, self.listed("bob", "--shared"))
        self.openstack("alice", "image", "remove", "project", image, self.keystone.projects["b"])
        self.assertNotIn(image, self.listed("bob", "--shared"))
        self.openstack("alice", "image", "delete", image)

    def test_an_administrator_publishes_and_closes_an_image(self):
        image = self.created("admin", "for-all", "--public")
        self.assertIn(image, self.listed("bob"))
        self.openstack("bob", "image", "delete", image, succeeds=False)
        self.openstack("admin", "image", "set", "--deactivate", image)
        self.openstack("bob", "image", "save", "--file", self.folder / "closed", image, succeeds=False)
        self.openstack("admin", "image", "set", "--activate", image)
        self.openstack("admin", "image", "delete", image)

    def test_images_are_imported_from_the_web_and_from_a_file(self):
        url = self.serve(self.disk.read_bytes())
        self.run_as("alice", "/usr/bin/glance", "image-create-via-import", "--import-method", "web-download", "--uri", url,
                    "--name", "from-web", "--disk-format", "qcow2", "--container-format", "bare")
        self.run_as("alice", "/usr/bin/glance", "image-create-via-import", "--import-method", "glance-direct", "--file",
                    self.disk, "--name", "from-file", "--disk-format", "qcow2", "--container-format", "bare")
        for name in ("from-web", "from-file"):
            image = self.wait_until("alice", name, "active")["id"]
            saved = self.folder / name
            self.openstack("alice", "image", "save", "--file", saved, image)
            self.assertEqual(saved.read_bytes(), self.disk.read_bytes())
            self.run_as("alice", "/usr/bin/glance", "image-tasks", image)
            self.openstack("alice", "image", "delete", image)


if __name__ == "__main__":
    unittest.main()
