# SPDX-License-Identifier: Apache-2.0
"""The import method glance-download: an image comes from the cloud's image service in another region. That service is
another Sluice here; both ask the same Keystone."""
import hashlib
import unittest
import uuid

from disk_images import MIB, small_qcow2
from fake_keystone import FakeKeystone
from glance_case import GlanceCase
from service import Service


class GlanceDownload(GlanceCase):
    @classmethod
    def setUpClass(cls):
        cls.keystone = FakeKeystone()
        cls.addClassCleanup(cls.keystone.close)
        cls.config = {"auth": {"mode": "keystone"},
                      "auth.keystone": {"url": cls.keystone.url, "username": cls.keystone.username,
                                        "password": cls.keystone.password, "project": cls.keystone.project}}
        schemas = {"X-Auth-Token": cls.keystone.issue(project="schemas")}
        cls.other = cls.enterClassContext(Service(cls.config))
        cls.other.schema_headers = schemas
        cls.keystone.catalog = [{"type": "image", "name": "glance", "id": "g", "endpoints": [
            {"id": "e", "interface": "public", "region": "two", "region_id": "two",
             "url": f"http://{cls.other.host}:{cls.other.port}"}]}]
        super().setUpClass()
        cls.service.schema_headers = schemas
        cls.token = cls.keystone.issue("a-token-of-alice", project="a")
        cls.mine = {"X-Auth-Token": cls.token}

    def source(self, content, **properties):
        image_id = self.new_image(self.other, self.mine, **properties)
        self.assertEqual(self.put(image_id, content, service=self.other, headers=self.mine).status, 204)
        return image_id

    def download(self, image_id, source, region="two", **more):
        method = {"name": "glance-download", "glance_image_id": source, "glance_region": region, **more}
        return self.import_into(image_id, method, headers=self.mine)

    def finished(self, image_id):
        self.wait_until(lambda: self.tasks_of(image_id, headers=self.mine)[0]["status"] in ("success", "failure"), "the end")
        return self.tasks_of(image_id, headers=self.mine)[0]

    def test_the_image_comes_with_what_its_guest_needs(self):
        content = small_qcow2(2 * MIB)
        source = self.source(content, hw_cpu_cores="5", os_distro="rhel", speed="88mph", **{"trait:SSD": "required"})
        image_id = self.new_image(headers=self.mine, disk_format="iso", container_format="ovf", hw_cpu_cores="1", kept="yes")
        answer = self.download(image_id, source, glance_service_interface="public")
        self.assertEqual(answer.status, 202, answer)
        task = self.finished(image_id)
        self.assertEqual(task["status"], "success", task)
        self.assertEqual(task["request_id"], answer.headers["x-openstack-request-id"])
        image = self.show(image_id, headers=self.mine)
        self.assertEqual((image["status"], image["disk_format"], image["container_format"]), ("active", "qcow2", "bare"))
        self.assertEqual((image["hw_cpu_cores"], image["os_distro"], image["trait:SSD"], image["kept"]),
                         ("5", "rhel", "required", "yes"))
        self.assertNotIn("speed", image)
        got = self.service.get(f"/v2/images/{image_id}/file", headers=self.mine)
        self.assertEqual(got.body, content)
        self.assertNotIn(self.token, self.service.log())
        for file in self.service.data_dir.rglob("*"):
            if file.is_file():
                self.assertNotIn(self.token.encode(), file.read_bytes(), file)

    def check_undone(self, image_id, *words):
        task = self.finished(image_id)
        self.assertEqual(task["status"], "failure", task)
        for word in words:
            self.assertIn(word, task["message"])
        image = self.show(image_id, headers=self.mine)
        self.assertEqual((image["status"], image["hw_cpu_cores"]), ("queued", "1"))

    def test_a_region_or_an_image_that_is_not_there_fails_the_import_and_changes_nothing(self):
        image_id = self.new_image(headers=self.mine, hw_cpu_cores="1")
        self.assertEqual(self.download(image_id, str(uuid.uuid4()), "three").status, 202)
        self.check_undone(image_id, "glance_region")
        image_id = self.new_image(headers=self.mine, hw_cpu_cores="1")
        self.assertEqual(self.download(image_id, str(uuid.uuid4()), glance_service_interface="admin").status, 202)
        self.check_undone(image_id, "glance_service_interface")
        image_id = self.new_image(headers=self.mine, hw_cpu_cores="1")
        self.assertEqual(self.download(image_id, str(uuid.uuid4())).status, 202)
        self.check_undone(image_id, "404")
        image_id = self.new_image(headers=self.mine, hw_cpu_cores="1")
        self.assertEqual(self.download(image_id, self.new_image(self.other, self.mine)).status, 202)
        self.check_undone(image_id, "not active")

    def test_an_image_that_has_rotted_there_is_not_taken(self):
        content = small_qcow2(2 * MIB)
        source = self.source(content)
        with open(self.other.data_dir / "images" / source, "r+b") as file:
            file.seek(len(content) - 1)
            file.write(bytes([content[-1] ^ 1]))
        image_id = self.new_image(headers=self.mine, hw_cpu_cores="1")
        self.assertEqual(self.download(image_id, source).status, 202)
        self.check_undone(image_id, "sha512", hashlib.sha512(content).hexdigest())

    def test_an_image_of_somebody_else_cannot_be_had_that_way(self):
        source = self.source(small_qcow2(MIB))
        stranger = {"X-Auth-Token": self.keystone.issue(project="b")}
        image_id = self.new_image(headers=stranger)
        answer = self.import_into(image_id, {"name": "glance-download", "glance_image_id": source, "glance_region": "two"},
                                  headers=stranger)
        self.assertEqual(answer.status, 202)
        self.wait_until(lambda: self.tasks_of(image_id, headers=stranger)[0]["status"] == "failure", "it fails")

    def test_what_makes_no_sense_is_refused_at_once(self):
        image_id = self.new_image(headers=self.mine)
        self.check_glance_error(self.download(image_id, "foo"), 400, "image id does not look like a UUID")
        location = f"glance+http://{self.other.host}:{self.other.port}/v2/images/{uuid.uuid4()}"
        self.assertEqual(self.service.post("/v2/image-imports", {"location": location}, headers=self.mine).status, 400)
        methods = self.service.get("/v2/info/import", headers=self.mine).json["import-methods"]["value"]
        self.assertEqual(methods, ["glance-direct", "web-download", "copy-image", "glance-download"])


class WithoutKeystone(GlanceCase):
    def test_it_is_not_offered(self):
        methods = self.service.get("/v2/info/import").json["import-methods"]["value"]
        self.assertEqual(methods, ["glance-direct", "web-download", "copy-image"])
        answer = self.import_into(self.new_image(), {"name": "glance-download", "glance_image_id": str(uuid.uuid4()),
                                                     "glance_region": "two"})
        self.check_glance_error(answer, 400, "Keystone")


if __name__ == "__main__":
    unittest.main()
