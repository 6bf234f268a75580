# SPDX-License-Identifier: Apache-2.0
"""Cinder's own code against the service: volumes from images and images from volumes, with a token of Cinder's beside the
user's, also when that one has ended meanwhile."""
import hashlib
import unittest
from unittest import mock

from cinder import context, exception, objects
from oslo_config import cfg

objects.register_all()  # before the others are imported, as Cinder's own programs do it
from cinder.image import glance, image_utils  # noqa: E402
from cinder.volume import volume_utils  # noqa: E402

import service_users  # noqa: E402
from certificates import Signer  # noqa: E402
from disk_images import MIB, image, luks_volume, small_qcow2  # noqa: E402


class CinderCase(service_users.ServiceUserCase):
    conf = cfg.CONF

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        file = cls.folder / "cinder.conf"
        file.write_text(f"""[DEFAULT]
auth_strategy = keystone
glance_num_retries = 1
image_conversion_dir = {cls.folder}
state_path = {cls.folder}
[oslo_concurrency]
lock_path = {cls.folder}
{service_users.Certificates.setting}{cls.keystone.service_user("cinder")}""")
        cls.conf.reset()
        cls.conf(["--config-file", str(file)], project="cinder", default_config_files=[str(file)])
        glance.service_auth.reset_globals()
        # qemu-img runs as who runs the tests, without sudo.
        cls.enterClassContext(mock.patch("cinder.utils.get_root_helper", return_value="env"))
        cls.images = glance.GlanceImageService()

    @classmethod
    def person(cls, name):
        access, catalog = cls.access(name)
        return context.RequestContext(user_id=access.user_id, project_id=access.project_id, auth_token=access.auth_token,
                                      roles=access.role_names, is_admin=False, service_catalog=catalog)

    def created(self, who, content, **properties):
        """As Cinder's API makes the image of a volume and its volume service fills it."""
        path = self.folder / "new"
        path.write_bytes(content)
        made = self.images.create(who, {"name": "an image", "container_format": "bare", "disk_format": "qcow2", **properties})
        self.assertEqual(made["status"], "queued")
        with open(path, "rb") as file:
            return self.images.update(who, made["id"], {}, file)


class Cinder(CinderCase):
    more = {"verify": {"encrypted_raw": "accept"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice, cls.bob = cls.person("alice"), cls.person("bob")

    def test_an_image_is_shown_listed_and_downloaded(self):
        content = small_qcow2()
        properties = {"hw_disk_bus": "scsi", "hw_scsi_model": "virtio-scsi", "os_type": "linux"}
        made = self.created(self.alice, content, properties=properties, min_disk=2, min_ram=512)
        shown = self.images.show(self.alice, made["id"])
        self.assertEqual({key: shown[key] for key in ("status", "size", "disk_format", "min_disk", "min_ram", "visibility")},
                         {"status": "active", "size": len(content), "disk_format": "qcow2", "min_disk": 2, "min_ram": 512,
                          "visibility": "shared"})
        self.assertEqual(shown["virtual_size"], MIB)
        self.assertEqual({key: shown["properties"][key] for key in properties}, properties)
        self.assertEqual(self.images.get_location(self.alice, made["id"]), (None, None))
        # What is kept with the volume, so that Nova boots from it as from the image.
        kept = volume_utils.get_volume_image_metadata(made["id"], shown)
        self.assertEqual({key: kept[key] for key in (*properties, "checksum", "image_name", "min_disk")},
                         {**properties, "checksum": hashlib.md5(content).hexdigest(), "image_name": "an image",
                          "min_disk": 2})
        volume_utils.check_image_metadata(shown, 2)
        self.assertRaises(exception.InvalidInput, volume_utils.check_image_metadata, shown, 1)
        for limit in (1, 100):
            ids = [one["id"] for one in self.images.detail(self.alice, filters={"status": "active"}, limit=limit)]
            self.assertIn(made["id"], ids)
        self.assertEqual(b"".join(self.images.download(self.alice, made["id"])), content)
        with open(self.folder / "downloaded", "w+b") as file:
            self.images.download(self.alice, made["id"], file)
            file.seek(0)
            self.assertEqual(file.read(), content)
        self.images.delete(self.alice, made["id"])
        self.assertRaises(exception.ImageNotFound, self.images.show, self.alice, made["id"])

    def test_disks_become_volumes(self):
        for name, disk_format in {"qcow2": "qcow2", "gpt": "raw", "vmdk-stream": "vmdk", "vhdx": "vhdx"}.items():
            with self.subTest(name):
                made = self.created(self.alice, image(name).read_bytes(), disk_format=disk_format)
                volume = self.folder / "volume"
                with image_utils.TemporaryImages.fetch(self.images, self.alice, made["id"]) as fetched:
                    self.assertFalse(image_utils.verify_glance_image_signature(self.alice, self.images, made["id"], fetched))
                    image_utils.fetch_to_raw(self.alice, self.images, made["id"], volume, "1M", size=1, run_as_root=False)
                expected = image("gpt").read_bytes()
                self.assertTrue(volume.read_bytes()[:len(expected)] == expected, "the volume is not the disk")
                self.images.delete(self.alice, made["id"])
        made = self.created(self.alice, small_qcow2())
        image_utils.fetch_to_volume_format(self.alice, self.images, made["id"], str(volume), "qcow2", "1M", run_as_root=False)
        self.assertEqual(image_utils.qemu_img_info(str(volume), run_as_root=False).virtual_size, MIB)

    def test_volumes_become_images(self):
        content = image("gpt").read_bytes()
        volume = self.folder / "volume"
        volume.write_bytes(content)
        for disk_format in ("raw", "qcow2", "vmdk", "vhdx"):
            with self.subTest(disk_format):
                # cinder.volume.api makes the image, cinder.volume.manager fills it.
                made = self.images.create(self.alice, {
                    "name": "from a volume", "container_format": "bare", "disk_format": disk_format, "visibility": "private",
                    "protected": False, "properties": {"hw_disk_bus": "scsi", "signature_verified": "False"}})
                self.assertEqual(made["status"], "queued")
                image_utils.upload_volume(self.alice, self.images, made, str(volume), run_as_root=False,
                                          base_image_ref=service_users.ABSENT)
                shown = self.images.show(self.alice, made["id"])
                self.assertEqual((shown["status"], shown["disk_format"], shown["properties"]["hw_disk_bus"]),
                                 ("active", disk_format, "scsi"))
                if disk_format == "raw":
                    self.assertEqual(shown["os_hash_value"], hashlib.sha512(content).hexdigest())
                self.images.update(self.alice, made["id"], {"name": "renamed", "properties": {"os_type": "linux"}})
                shown = self.images.show(self.alice, made["id"])
                self.assertEqual((shown["name"], shown["properties"].get("hw_disk_bus"), shown["properties"]["os_type"]),
                                 ("renamed", None, "linux"))
                self.images.delete(self.alice, made["id"])

    def test_a_volume_that_cannot_be_taken_leaves_an_image_that_cinder_deletes(self):
        made = self.images.create(self.alice, {"name": "no qcow2", "container_format": "bare", "disk_format": "qcow2"})
        with self.assertRaises(Exception) as refused, open(image("gpt"), "rb") as file:
            self.images.update(self.alice, made["id"], {}, file)
        self.assertIn("declared", str(refused.exception))
        self.assertEqual(self.images.show(self.alice, made["id"])["status"], "queued")
        self.images.delete(self.alice, made["id"])

    def test_an_encrypted_volume_becomes_a_raw_image_and_a_volume_again(self):
        volume, again = self.folder / "encrypted", self.folder / "again"
        luks_volume(volume)
        key = {"cinder_encryption_key_id": service_users.ABSENT, "cinder_encryption_key_deletion_policy": "on_image_deletion"}
        made = self.created(self.alice, volume.read_bytes(), disk_format="raw", **key)
        shown = self.images.show(self.alice, made["id"])
        self.assertEqual((shown["disk_format"], shown["virtual_size"]), ("raw", volume.stat().st_size))
        self.assertEqual({name: shown["properties"][name] for name in key}, key)
        self.assertEqual(shown["cinder_encryption_key_id"], service_users.ABSENT)
        image_utils.fetch_to_raw(self.alice, self.images, made["id"], str(again), "1M", run_as_root=False)
        self.assertTrue(again.read_bytes() == volume.read_bytes(), "the volume is not the one that was uploaded")

    def test_signatures_are_verified(self):
        signer = Signer(self.folder, "signer", "RSA-PSS")
        service_users.Certificates.add(signer)
        content = small_qcow2()
        made = self.created(self.alice, content)
        self.images.update(self.alice, made["id"], {"properties": signer.properties(content)}, purge_props=False)
        with image_utils.TemporaryImages.fetch(self.images, self.alice, made["id"]) as fetched:
            self.assertTrue(image_utils.verify_glance_image_signature(self.alice, self.images, made["id"], fetched))
        self.images.update(self.alice, made["id"], {"properties": signer.properties(b"other bytes")}, purge_props=False)
        with image_utils.TemporaryImages.fetch(self.images, self.alice, made["id"]) as fetched:
            self.assertRaises(exception.ImageSignatureVerificationException, image_utils.verify_glance_image_signature,
                              self.alice, self.images, made["id"], fetched)

    def test_what_belongs_to_others_is_not_there(self):
        made = self.created(self.alice, small_qcow2())
        self.assertRaises(exception.ImageNotFound, self.images.show, self.bob, made["id"])
        self.assertRaises(exception.ImageNotFound, self.images.download, self.bob, made["id"])
        self.assertRaises(exception.ImageNotFound, self.images.delete, self.bob, made["id"])
        self.assertEqual(list(self.images.list_members(self.alice, made["id"])), [])

    def test_the_service_may_be_named_instead_of_looked_up(self):
        made = self.created(self.alice, small_qcow2())
        lost = context.RequestContext(user_id=self.alice.user_id, project_id=self.alice.project_id, service_catalog=[],
                                      auth_token=self.alice.auth_token)
        self.conf.set_override("glance_api_servers", [self.service.url])
        self.addCleanup(self.conf.clear_override, "glance_api_servers")
        self.assertEqual(glance.GlanceImageService().show(lost, made["id"])["id"], made["id"])

    def test_there_is_one_store_and_no_location(self):
        made = self.created(self.alice, small_qcow2())
        self.assertEqual([store["id"] for store in self.images.get_stores(self.alice)["stores"]], ["default"])
        # A volume as an image's bytes ([image_upload_use_cinder_backend]): refused, so that Cinder sends the bytes.
        self.assertRaises(exception.ImageNotAuthorized, self.images.add_location, self.alice, made["id"],
                          f"cinder://{service_users.ABSENT}", {})


class LateTokens(service_users.LateTokens, CinderCase):
    refusal = exception.ImageNotAuthorized

    def show(self, who, image):
        return self.images.show(who, image)

    def test_volumes_to_and_from_images_outlive_the_users_token(self):
        content = small_qcow2()
        alice = self.person("alice")
        made = self.created(alice, content)
        self.wait_until_ended(alice, made["id"])
        volume = self.folder / "volume"
        image_utils.fetch_to_raw(alice, self.images, made["id"], str(volume), "1M", run_as_root=False)
        self.assertEqual(image_utils.qemu_img_info(str(volume), run_as_root=False).virtual_size, MIB)
        self.assertEqual(self.created(alice, content)["status"], "active")


if __name__ == "__main__":
    unittest.main()
