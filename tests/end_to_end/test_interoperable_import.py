# SPDX-License-Identifier: Apache-2.0
"""POST /v2/images/{id}/import as Glance's clients use it, on the engine of /v2/image-imports."""
import unittest

from disk_images import MIB, noise, small_qcow2
from glance_case import GlanceCase
from service import Service
from source_server import Source, SourceServer

NOWHERE = "00000000-0000-4000-8000-000000000000"


class Imports(GlanceCase):
    config = {"imports": {"retries": 1}}

    def check_marks(self, image, task, left, failed):
        self.assertEqual(image.get("os_glance_import_task"), task)
        self.assertEqual(image["os_glance_importing_to_stores"], left)
        self.assertEqual(image["os_glance_failed_import"], failed)

    def test_web_download_fills_the_image(self):
        content = small_qcow2(2 * MIB)
        image_id = self.new_image(hw_disk_bus="virtio")
        url = self.serve(content)
        answer = self.import_into(image_id, {"name": "web-download", "uri": url}, all_stores=True)
        self.assertEqual((answer.status, answer.body), (202, b""))
        image = self.wait_for_status(image_id, "active")
        self.check_image(image, content, "qcow2")
        self.check_marks(image, None, "", "")
        self.assertEqual(image["hw_disk_bus"], "virtio")
        [task] = self.tasks_of(image_id)
        self.assertEqual(task["status"], "success")
        self.assertEqual(task["type"], "api_image_import")
        self.assertEqual(task["image_id"], image_id)
        self.assertEqual(task["result"], {"image_id": image_id})
        self.assertEqual(task["request_id"], answer.headers["x-openstack-request-id"])
        self.assertEqual(task["input"]["import_req"], {"method": {"name": "web-download", "uri": url}, "all_stores": True})
        self.assertEqual((task["deleted"], task["deleted_at"]), (False, None))
        self.assertRegex(task["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")

    def test_glance_direct_imports_what_was_staged(self):
        content = small_qcow2(2 * MIB)
        image_id = self.new_image()
        self.assertEqual(self.put(image_id, content, "stage", chunk=65536).status, 204)
        self.assertEqual(self.tasks_of(image_id), [])
        answer = self.import_into(image_id, {"name": "glance-direct"}, stores=["default"])
        self.assertEqual(answer.status, 202)
        image = self.wait_for_status(image_id, "active")
        self.check_image(image, content, "qcow2")
        self.check_marks(image, None, "", "")
        [task] = self.tasks_of(image_id)
        self.assertEqual(task["status"], "success")
        self.assertEqual(task["request_id"], answer.headers["x-openstack-request-id"])
        self.assertEqual(task["input"]["import_req"]["method"]["name"], "glance-direct")
        self.assertEqual(self.service.files()["staging"], [])

    def test_a_running_import_is_seen_in_every_dialect(self):
        content = small_qcow2(3 * MIB)
        image_id = self.new_image()
        url = self.serve(content, rate=MIB)
        self.assertEqual(self.import_into(image_id, {"name": "web-download", "uri": url}).status, 202)
        image = self.wait_for_status(image_id, "importing")
        [task] = self.tasks_of(image_id)
        self.check_marks(image, task["id"], "default", "")
        self.assertIn(task["status"], ("pending", "processing"))
        self.assertEqual(self.service.get(f"/v2/tasks/{task['id']}").json["type"], "api_image_import")
        record = self.service.get(f"/v2/image-imports/{task['id']}").json
        self.assertEqual(record["origin"], "interoperable")
        self.assertEqual(record["location"], url)
        other = {"X-Project-Id": "other"}
        self.assertEqual(self.service.get(f"/v2/tasks/{task['id']}", headers=other).status, 404)
        self.assertEqual(self.service.get(f"/v2/images/{image_id}/tasks", headers=other).status, 404)
        for method in ({"name": "web-download", "uri": url}, {"name": "glance-direct"}):
            self.check_glance_error(self.import_into(image_id, method), 409)
        self.check_glance_error(self.put(image_id, content), 409)
        self.wait_for_status(image_id, "active")

    def test_a_failed_import_gives_the_image_back_and_says_why(self):
        text = b"<html>no image here</html>" * 100
        for name, url, word in (
                ("no image", self.serve(text), "image"),
                ("no such page", self.sources.url("/nothing"), "404"),
                ("no such host", "http://does-not.exist/no/possible/way", ""),
                ("another format", self.serve(noise(MIB)), "")):
            with self.subTest(name):
                image_id = self.new_image(os_distro="debian")
                before = self.show(image_id)
                answer = self.import_into(image_id, {"name": "web-download", "uri": url}, stores=["default"])
                self.assertEqual(answer.status, 202, answer)
                image = self.wait_for_image(image_id, lambda image: image.get("os_glance_failed_import"))
                self.assertEqual(image["status"], "queued")
                self.check_marks(image, None, "", "default")
                for key in ("name", "size", "checksum", "disk_format", "container_format", "os_distro"):
                    self.assertEqual(image[key], before[key])
                [task] = self.tasks_of(image_id)
                self.assertEqual((task["status"], task["result"]), ("failure", None))
                self.assertIn(word, task["message"])
                self.assertNotIn("Internal Error", task["message"])
        self.assertEqual(self.service.files()["staging"], [])
        content = small_qcow2(MIB)
        self.assertEqual(self.import_into(image_id, {"name": "web-download", "uri": self.serve(content)}).status, 202)
        image = self.wait_for_status(image_id, "active")
        self.check_marks(image, None, "", "")
        self.assertEqual(len(self.tasks_of(image_id)), 2)

    def test_staged_bytes_whose_tables_are_wrong_are_given_up(self):
        content = bytearray(small_qcow2(2 * MIB))
        content[24:32] = (1 << 60).to_bytes(8, "big")  # virtual size beyond any limit
        image_id = self.new_image()
        self.assertIn(self.put(image_id, bytes(content), "stage").status, (204, 415))
        if self.show(image_id)["status"] == "uploading":
            self.assertEqual(self.import_into(image_id, {"name": "glance-direct"}).status, 202)
        image = self.wait_for_status(image_id, "queued")
        self.assertIsNone(image["size"])
        self.assertEqual(self.service.files()["staging"], [])

    def test_requests_that_make_no_sense_are_refused(self):
        url = self.serve(small_qcow2(MIB))
        web = {"name": "web-download", "uri": url}
        queued = self.new_image()
        bare = self.new_image(disk_format=None)
        boxless = self.new_image(container_format=None)
        active = self.new_image()
        self.assertEqual(self.put(active, small_qcow2(MIB)).status, 204)
        community = self.new_image(visibility="community", headers={"X-Project-Id": "elsewhere"})
        for name, status, image_id, method, body in (
                ("no such image", 404, NOWHERE, web, {}),
                ("an image of others", 403, community, web, {}),
                ("an unknown method", 400, queued, {"name": "carrier-pigeon"}, {}),
                ("a method without a name", 400, queued, {"uri": url}, {}),
                ("a method that is no object", 400, queued, "web-download", {}),
                ("web-download without a uri", 400, queued, {"name": "web-download"}, {}),
                ("a scheme that is not let through", 400, queued, {"name": "web-download", "uri": "file:///etc/passwd"}, {}),
                ("a store that is not there", 409, queued, web, {"stores": ["ceph"]}),
                ("stores and all stores", 400, queued, web, {"stores": ["default"], "all_stores": True}),
                ("stores that are no list", 400, queued, web, {"stores": "default"}),
                ("all_stores that is no boolean", 400, queued, web, {"all_stores": "yes"}),
                ("must_succeed that is no boolean", 400, queued, web, {"all_stores_must_succeed": 1}),
                ("glance-direct without staged bytes", 409, queued, {"name": "glance-direct"}, {}),
                ("web-download into an active image", 409, active, web, {}),
                ("an image without disk_format", 409, bare, web, {}),
                ("an image without container_format", 409, boxless, web, {}),
                ("a copy of an image without bytes", 409, queued, {"name": "copy-image"}, {}),
                ("a copy by who is no administrator", 403, active, {"name": "copy-image"}, {"all_stores": True})):
            with self.subTest(name):
                self.check_glance_error(self.import_into(image_id, method, **body), status)
        malformed = self.service.request("POST", f"/v2/images/{queued}/import", b"{", {"Accept": "application/json"})
        self.check_glance_error(malformed, 400)
        self.assertEqual(self.show(queued)["status"], "queued")

    def test_a_copy_to_all_stores_is_done_at_once(self):
        admin = {"X-Roles": "admin", "X-Project-Id": "operations"}
        image_id = self.new_image()
        self.assertEqual(self.put(image_id, small_qcow2(MIB)).status, 204)
        before = self.show(image_id)
        copy = {"name": "copy-image"}
        self.check_glance_error(self.import_into(image_id, copy, headers=admin, stores=["default"]), 400)
        answer = self.import_into(image_id, copy, headers=admin, all_stores=True, all_stores_must_succeed=False)
        self.assertEqual(answer.status, 202, answer)
        image = self.show(image_id)
        self.check_marks(image, None, "", "")
        self.assertEqual({name: image[name] for name in before if name != "updated_at"},
                         {name: value for name, value in before.items() if name != "updated_at"})
        self.assertEqual(self.tasks_of(image_id), [])
        self.assertEqual(self.import_into(image_id, copy, headers=admin, all_stores=True).status, 202)

    def test_cancelling_the_import_gives_the_image_back(self):
        image_id = self.new_image()
        url = self.serve(small_qcow2(3 * MIB), rate=MIB)
        self.assertEqual(self.import_into(image_id, {"name": "web-download", "uri": url}).status, 202)
        task = self.wait_for_status(image_id, "importing")["os_glance_import_task"]
        self.assertEqual(self.service.delete(f"/v2/image-imports/{task}").status, 204)
        image = self.show(image_id)
        self.assertEqual(image["status"], "queued")
        self.check_marks(image, None, "", "default")
        self.assertEqual(self.service.files()["staging"], [])

    def test_deleting_the_image_cancels_its_import(self):
        image_id = self.new_image()
        url = self.serve(small_qcow2(3 * MIB), rate=MIB)
        self.assertEqual(self.import_into(image_id, {"name": "web-download", "uri": url}).status, 202)
        task = self.wait_for_status(image_id, "importing")["os_glance_import_task"]
        self.assertEqual(self.service.delete(f"/v2/images/{image_id}").status, 204)
        record = self.service.wait_for(task)
        self.assertEqual((record["status"], record["error"]["code"]), ("failure", "cancelled"))
        self.assertIn("deleted", record["message"])
        self.assertEqual(self.service.get(f"/v2/images/{image_id}").status, 404)
        self.assertEqual(self.service.files()["staging"], [])

    def test_the_secrets_of_a_url_are_not_shown(self):
        image_id = self.new_image()
        url = self.serve(small_qcow2(MIB))
        self.assertEqual(self.import_into(image_id, {"name": "web-download", "uri": url + "?sig=secret"}).status, 202)
        self.wait_for_image(image_id, lambda image: image["status"] in ("active", "queued"))
        [task] = self.tasks_of(image_id)
        for shown in (str(task), self.service.get(f"/v2/tasks/{task['id']}").body.decode(),
                      self.service.get(f"/v2/image-imports/{task['id']}").body.decode(), self.service.log()):
            self.assertNotIn("secret", shown)


class Restarts(GlanceCase):
    def test_an_import_into_an_image_survives_a_kill(self):
        content = small_qcow2(12 * MIB)
        with SourceServer() as sources, Service() as service:
            url = sources.add("/disk", Source(content, etag='"disk"', rate=6 * MIB))
            image_id = self.new_image(service)
            self.assertEqual(self.import_into(image_id, {"name": "web-download", "uri": url}, service).status, 202)
            self.assertTrue(sources.wait_until(lambda: sum(request.sent for request in sources.log) > 6 * MIB))
            service.kill()
            service.start()
            image = self.show(image_id, service)
            self.assertEqual(image["status"], "importing")
            self.wait_for_status(image_id, "active", service)
            self.assertTrue(service.image_bytes(image_id) == content)
            [task] = self.tasks_of(image_id, service)
            self.assertEqual((task["id"], task["status"]), (image["os_glance_import_task"], "success"))
            self.assertEqual(service.files(), {"staging": [], "images": [image_id]})


if __name__ == "__main__":
    unittest.main()
