# SPDX-License-Identifier: Apache-2.0
"""Nova's own code against the service: what a boot and a snapshot ask for, with a token of Nova's beside the user's, also
when that one has ended meanwhile."""
import hashlib
import os
import unittest

os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"
from cryptography.exceptions import InvalidSignature  # noqa: E402
from nova import config, context, exception, objects, service_auth  # noqa: E402
from nova.image import glance  # noqa: E402
from nova.virt import images  # noqa: E402
from oslo_config import cfg  # noqa: E402

import service_users  # noqa: E402
from certificates import Signer  # noqa: E402
from disk_images import MIB, small_qcow2  # noqa: E402
from real_keystone import REGION  # noqa: E402


class NovaCase(service_users.ServiceUserCase):
    conf = cfg.CONF

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        file = cls.folder / "nova.conf"
        file.write_text(f"""[DEFAULT]
instances_path = {cls.folder}
[glance]
num_retries = 1
region_name = {REGION}
valid_interfaces = public
[oslo_concurrency]
lock_path = {cls.folder}
{service_users.Certificates.setting}{cls.keystone.service_user("nova")}""")
        cls.conf.reset()
        config.parse_args(["nova", "--config-file", str(file)], default_config_files=[str(file)], configure_db=False,
                          init_rpc=False)
        service_auth.reset_globals()
        objects.register_all()
        cls.images = glance.API()

    @classmethod
    def person(cls, name):
        access, catalog = cls.access(name)
        person = context.RequestContext(user_id=access.user_id, project_id=access.project_id, auth_token=access.auth_token,
                                        roles=access.role_names, is_admin=False)
        person.service_catalog = catalog
        return person

    def snapshot(self, who, content):
        """As Nova's API makes the image and its compute service fills it."""
        made = self.images.create(who, {"name": "a snapshot", "is_public": False, "properties": {
            "image_type": "snapshot", "instance_uuid": service_users.ABSENT, "owner_id": who.project_id}})
        self.assertEqual(made["status"], "queued")
        path = self.folder / "snapshot"
        path.write_bytes(content)
        with open(path, "rb") as file:
            return self.images.update(who, made["id"], {
                "disk_format": "qcow2", "container_format": "bare", "status": "active", "name": "a snapshot",
                "properties": {"kernel_id": "", "image_state": "available", "owner_id": who.project_id}}, data=file,
                purge_props=False)


class Nova(NovaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice = cls.person("alice")

    def test_a_snapshot_is_made_and_booted(self):
        content = small_qcow2()
        made = self.snapshot(self.alice, content)
        self.assertEqual((made["status"], made["size"]), ("active", len(content)))
        shown = self.images.get(self.alice, made["id"], include_locations=True)
        self.assertFalse(shown["locations"])
        self.assertEqual(objects.ImageMeta.from_dict(shown).disk_format, "qcow2")
        listed = self.images.get_all(self.alice, filters={"status": "active"}, page_size=2)
        self.assertIn(made["id"], [one["id"] for one in listed])
        disk = self.folder / "disk"
        self.images.download(self.alice, made["id"], dest_path=str(disk))
        self.assertEqual(hashlib.md5(disk.read_bytes()).hexdigest(), shown["checksum"])
        images.fetch_to_raw(self.alice, made["id"], str(disk))
        self.assertEqual(images.qemu_img_info(str(disk)).virtual_size, MIB)
        self.images.delete(self.alice, made["id"])
        self.assertRaises(exception.ImageNotFound, self.images.get, self.alice, made["id"])

    def test_signatures_are_verified(self):
        content = small_qcow2()
        signer = Signer(self.folder, "signer", "RSA-PSS")
        service_users.Certificates.add(signer)
        made = self.snapshot(self.alice, content)
        self.conf.set_override("verify_glance_signatures", True, group="glance")
        self.addCleanup(self.conf.clear_override, "verify_glance_signatures", group="glance")
        client, disk = glance.GlanceClientWrapper(), self.folder / "signed"
        client.call(self.alice, 2, "update", args=(made["id"],), kwargs=signer.properties(content))
        self.images.download(self.alice, made["id"], dest_path=str(disk))
        self.assertEqual(disk.read_bytes(), content)
        client.call(self.alice, 2, "update", args=(made["id"],), kwargs=signer.properties(b"other bytes"))
        self.assertRaises(InvalidSignature, self.images.download, self.alice, made["id"], dest_path=str(disk))


class LateTokens(service_users.LateTokens, NovaCase):
    refusal = exception.ImageNotAuthorized

    def show(self, who, image):
        return self.images.get(who, image)

    def test_a_boot_and_a_snapshot_outlive_the_users_token(self):
        content = small_qcow2()
        alice = self.person("alice")
        made = self.snapshot(alice, content)
        self.wait_until_ended(alice, made["id"])
        disk = self.folder / "disk"
        images.fetch_to_raw(alice, made["id"], str(disk))
        self.assertEqual(images.qemu_img_info(str(disk)).virtual_size, MIB)
        self.assertEqual(self.snapshot(alice, content)["status"], "active")


if __name__ == "__main__":
    unittest.main()
