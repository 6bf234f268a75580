# SPDX-License-Identifier: Apache-2.0
"""Bytes that a client pushes (PUT …/file, PUT …/stage) go the way of every import, and leave nothing behind when they fail."""
import concurrent.futures
import pathlib
import tempfile
import time
import unittest

from disk_images import MIB, luks_volume, noise, small_qcow2
from glance_case import GlanceCase
from service import Service


class Uploads(GlanceCase):
    config = {"imports": {"max_running": 4, "stall_timeout": "1s", "max_image_size": "16MiB"}}

    def check_untouched(self, image_id):
        """A failed upload leaves the image as it was, and no byte."""
        image = self.show(image_id)
        self.assertEqual(image["status"], "queued")
        for name in ("size", "checksum", "os_hash_value", "virtual_size"):
            self.assertIsNone(image[name], name)
        self.assertNotIn(image_id, self.service.files()["images"])
        self.wait_until(lambda: not self.service.files()["staging"], "the staged bytes are freed")

    def test_an_upload_makes_the_image_active_byte_for_byte(self):
        content = small_qcow2(3 * MIB)
        for name, options in {"with a length": {}, "chunked": {"chunk": 64 << 10}, "in odd chunks": {"chunk": 7919}}.items():
            with self.subTest(name):
                image_id = self.new_image()
                answer = self.put(image_id, content, **options)
                self.assertEqual(answer.status, 204, answer.body)
                self.assertEqual(answer.body, b"")
                image = self.show(image_id)
                self.check_image(image, content, "qcow2")
                self.assertEqual(image["name"], "new")
        self.assertEqual(self.service.files()["staging"], [])

    def test_an_encrypted_volume_is_a_raw_disk_if_it_is_called_so(self):
        with tempfile.TemporaryDirectory() as folder:
            volume = pathlib.Path(folder) / "volume"
            luks_volume(volume)
            content = volume.read_bytes()
        image_id = self.new_image(disk_format="raw")
        self.assertEqual(self.put(image_id, content).status, 415)  # unless the operator says otherwise
        self.check_untouched(image_id)
        with Service({"verify": {"encrypted_raw": "accept"}}) as service:
            for disk_format, inside in {"raw": len(content), "luks": 4 * MIB}.items():
                image_id = self.new_image(service, disk_format=disk_format)
                self.assertEqual(self.put(image_id, content, service=service).status, 204)
                image = self.show(image_id, service)
                self.assertEqual((image["disk_format"], image["size"]), (disk_format, len(content)))
                self.assertEqual(image["virtual_size"], inside)
            damaged = bytearray(content)
            damaged[164:168] = b"\xff" * 4  # iterations that would keep the host busy
            image_id = self.new_image(service, disk_format="raw")
            self.assertEqual(self.put(image_id, bytes(damaged), service=service).status, 415)

    def test_uploads_run_side_by_side(self):
        contents = [small_qcow2(2 * MIB, seed) for seed in range(4)]
        ids = [self.new_image() for _ in contents]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda pair: self.put(*pair, chunk=100_000), zip(ids, contents)))
        self.assertEqual([answer.status for answer in answers], [204] * 4)
        for image_id, content in zip(ids, contents):
            self.check_image(self.show(image_id), content, "qcow2")

    def test_a_client_that_waits_for_100_continue_is_told(self):
        content = small_qcow2(MIB)
        image_id = self.new_image()
        upload = self.upload(self.service, image_id, length=len(content), headers={"Expect": "100-continue"})
        self.assertTrue(upload.socket.recv(100).startswith(b"HTTP/1.1 100 "))
        self.assertEqual(self.show(image_id)["status"], "saving")
        upload.send(content)
        self.assertEqual(upload.answer().status, 204)

    def test_what_may_not_be_uploaded_is_refused_before_its_bytes(self):
        content = small_qcow2(MIB)
        queued = self.new_image()
        active = self.new_image()
        self.assertEqual(self.put(active, content).status, 204)
        elsewhere = {"X-Project-Id": "elsewhere"}
        private = self.new_image(visibility="private", headers=elsewhere)
        community = self.new_image(visibility="community", headers=elsewhere)
        for name, status, image_id, headers in (
                ("another media type", 415, queued, {"Content-Type": "application/json"}),
                ("a size that is no number", 400, queued, {"x-openstack-image-size": "many"}),
                ("a size that is not the body's", 400, queued, {"x-openstack-image-size": str(len(content) + 1)}),
                ("an unknown store", 400, queued, {"X-Image-Meta-Store": "ceph"}),
                ("an image that has its bytes", 409, active, {}),
                ("no such image", 404, "00000000-0000-4000-8000-000000000000", {}),
                ("another project's image", 404, private, {}),
                ("another project's image that all may see", 403, community, {})):
            with self.subTest(name):
                for what in ("file", "stage"):
                    self.check_glance_error(self.put(image_id, content, what, headers=headers), status)
        self.check_untouched(queued)
        self.assertEqual(self.put(queued, content, headers={"x-openstack-image-size": str(len(content))}).status, 204)

    def test_bytes_that_are_no_image_are_refused_with_the_reason(self):
        for name, declared, content, status, word in (
                ("random bytes as raw", "raw", noise(4096), 415, "raw"),
                ("random bytes as qcow2", "qcow2", noise(3 * MIB), 415, "qcow2"),
                ("a qcow2 as raw", "raw", small_qcow2(MIB), 415, "qcow2"),
                ("half an image", "qcow2", small_qcow2(3 * MIB)[:MIB], 415, ""),
                ("nothing", "qcow2", b"", 415, ""),
                ("too many bytes", "qcow2", small_qcow2(17 * MIB), 413, "")):
            with self.subTest(name):
                image_id = self.new_image(disk_format=declared)
                self.check_glance_error(self.put(image_id, content), status, word)
                self.check_untouched(image_id)

    def test_a_chunked_body_of_another_size_than_announced_is_refused(self):
        content = small_qcow2(MIB)
        image_id = self.new_image()
        answer = self.put(image_id, content, chunk=50_000, headers={"x-openstack-image-size": str(len(content) + 5)})
        self.check_glance_error(answer, 400)
        self.check_untouched(image_id)
        self.assertEqual(self.put(image_id, content).status, 204)

    def test_a_client_that_vanishes_leaves_the_image_as_it_was(self):
        content = small_qcow2(3 * MIB)
        for what in ("file", "stage"):
            with self.subTest(what):
                image_id = self.new_image()
                upload = self.upload(self.service, image_id, what, length=len(content))
                upload.send(content[:2 * MIB])
                self.wait_for_status(image_id, "saving" if what == "file" else "uploading")
                upload.close()
                self.wait_for_status(image_id, "queued")
                self.check_untouched(image_id)
                self.assertEqual(self.put(image_id, content, what).status, 204)
                self.assertEqual(self.service.delete(f"/v2/images/{image_id}").status, 204)

    def test_a_client_that_stalls_is_given_up(self):
        image_id = self.new_image()
        upload = self.upload(self.service, image_id)
        upload.send(small_qcow2(MIB)[:300_000])
        answer = upload.answer()
        self.check_glance_error(answer, 408)
        self.check_untouched(image_id)

    def test_deleting_the_image_ends_its_upload(self):
        content = small_qcow2(3 * MIB)
        image_id = self.new_image()
        upload = self.upload(self.service, image_id, length=len(content))
        upload.send(content[:MIB])
        self.wait_for_status(image_id, "saving")
        self.assertEqual(self.service.delete(f"/v2/images/{image_id}").status, 204)
        self.assertEqual(self.service.files()["staging"], [])
        self.check_glance_error(upload.answer(), 410, "deleted")
        self.assertEqual(self.service.get(f"/v2/images/{image_id}").status, 404)

    def test_an_upload_is_seen_as_an_import_and_can_be_cancelled_there(self):
        content = small_qcow2(3 * MIB)
        image_id = self.new_image()
        upload = self.upload(self.service, image_id, length=len(content))
        upload.send(content[:MIB])
        self.wait_for_status(image_id, "saving")
        running = "/v2/image-imports?status=uploading"
        self.wait_until(lambda: self.service.get(running).json["image_imports"], "the import has its slot")
        imports = self.service.get(running).json["image_imports"]
        mine = [record for record in imports if record.get("origin") == "upload"]
        self.assertEqual(len(mine), 1, imports)
        self.assertEqual(self.service.delete(f"/v2/image-imports/{mine[0]['id']}").status, 204)
        self.check_glance_error(upload.answer(), 409, "cancelled")
        self.check_untouched(image_id)

    def test_a_staged_image_waits_and_can_be_deleted(self):
        content = small_qcow2(2 * MIB)
        image_id = self.new_image()
        self.assertEqual(self.put(image_id, content, "stage").status, 204)
        image = self.show(image_id)
        self.assertEqual((image["status"], image["size"], image["checksum"]), ("uploading", len(content), None))
        self.check_glance_error(self.put(image_id, content, "stage"), 409)
        self.check_glance_error(self.put(image_id, content, "file"), 409)
        self.assertEqual(self.service.get(f"/v2/images/{image_id}/file").status, 204)
        self.assertEqual(self.service.delete(f"/v2/images/{image_id}").status, 204)
        self.assertEqual(self.service.files()["staging"], [])

    def test_what_is_staged_is_looked_at_while_it_comes(self):
        image_id = self.new_image()
        self.check_glance_error(self.put(image_id, noise(2 * MIB), "stage"), 415)
        self.check_untouched(image_id)


class Policy(GlanceCase):
    config = {"verify": {"raw": "any"}}

    def test_any_bytes_are_raw_where_the_operator_says_so(self):
        for size in (1, 1024, 3000):
            content = noise(size)
            image_id = self.new_image(disk_format="raw")
            self.assertEqual(self.put(image_id, content, chunk=700).status, 204)
            self.check_image(self.show(image_id), content, "raw")


class Busy(GlanceCase):
    config = {"imports": {"max_running": 1, "max_running_per_project": 1, "max_waiting_per_project": 1}}

    def test_more_uploads_than_may_wait_are_told_to_come_again(self):
        content = small_qcow2(MIB)
        first, second, third = (self.new_image() for _ in range(3))
        running = self.upload(self.service, first, length=len(content))
        running.send(content[:300_000])
        self.wait_for_status(first, "saving")
        self.wait_until(lambda: self.service.get("/v2/image-imports?status=uploading").json["image_imports"], "it runs")
        waiting = self.upload(self.service, second, length=len(content), headers={"Expect": "100-continue"})
        self.wait_for_status(second, "saving")
        refused = self.put(third, content)
        self.check_glance_error(refused, 503)
        self.assertTrue(refused.headers["Retry-After"])
        self.assertEqual(self.show(third)["status"], "queued")
        running.send(content[300_000:])
        self.assertEqual(running.answer().status, 204)
        self.assertTrue(waiting.socket.recv(100).startswith(b"HTTP/1.1 100 "))
        waiting.send(content)
        self.assertEqual(waiting.answer().status, 204)


class Restarts(GlanceCase):
    def test_a_restart_ends_uploads_and_keeps_what_is_staged(self):
        content = small_qcow2(3 * MIB)
        for name, end in (("killed", lambda service: service.kill()), ("stopped", lambda service: service.stop())):
            with self.subTest(name), Service() as service:
                half, staged, queued = (self.new_image(service) for _ in range(3))
                self.assertEqual(self.put(staged, content, "stage", service).status, 204)
                upload = self.upload(service, half, length=len(content))
                upload.send(content[:2 * MIB])
                self.wait_for_status(half, "saving", service)
                end(service)
                service.start()
                self.wait_for_status(half, "queued", service)
                record = service.get("/v2/image-imports?status=failure").json["image_imports"][0]
                self.assertEqual(record["error"]["code"], "service-stopping")
                self.assertIn("Upload", record["message"])
                self.assertEqual(self.show(staged, service)["status"], "uploading")
                self.assertEqual(len(service.files()["staging"]), 1)
                self.assertEqual(self.import_into(staged, {"name": "glance-direct"}, service).status, 202)
                self.wait_for_status(staged, "active", service)
                self.assertTrue(service.image_bytes(staged) == content)
                self.assertEqual(self.put(half, content, service=service).status, 204)
                self.assertEqual(self.show(queued, service)["status"], "queued")
                self.assertEqual(service.files()["staging"], [])


if __name__ == "__main__":
    unittest.main()
