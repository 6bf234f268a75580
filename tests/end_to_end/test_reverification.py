# SPDX-License-Identifier: Apache-2.0
"""Stored images are looked at again when the operator asks for it, and bits that have rotted are found."""
import http.client
import json
import os
import re
import time
import unittest
import urllib.parse
import urllib.request

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Answer, Service
from source_server import Source, SourceServer


def ask(service, method, body=None):
    url = urllib.parse.urlsplit(service.operator_url)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=PATIENCE)
    try:
        connection.request(method, "/v1/reverification", body=json.dumps(body).encode() if body is not None else None,
                           headers={"Content-Type": "application/json"} if body is not None else {})
        answer = connection.getresponse()
        answer = Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
    if answer.status < 400:
        service.validate("reverification", answer.json)
    else:
        service.validate("problem", answer.json)
    return answer


def ended(service):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        report = ask(service, "GET").json
        if report["state"] != "running":
            return report
        time.sleep(0.02)
    raise AssertionError(f"it does not end: {report}")


def rot(service, image_id, offset=300_000):
    """One bit of the file turns over, as disks do it."""
    path = service.data_dir / "images" / image_id
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))
        os.fsync(file.fileno())
    os.chmod(path, 0o400)


class Reverification(EndToEndCase):
    def setUp(self):
        for image in self.service.get("/v2/images").json["images"]:
            self.service.delete(f"/v2/images/{image['id']}")

    def metric(self, outcome):
        with urllib.request.urlopen(f"{self.service.operator_url}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        return float(re.search(rf'sluice_reverified_images_total\{{outcome="{outcome}"\}} (\S+)', text).group(1))

    def test_bit_rot_is_found_reported_counted_and_logged_and_the_image_stays_as_it_was(self):
        contents = [small_qcow2(MIB, seed) for seed in (1, 2, 3)]
        images = [self.service.imported(self.serve(content))["id"] for content in contents]
        damaged, sound = self.metric("damaged"), self.metric("sound")
        rot(self.service, images[1])
        answer = ask(self.service, "POST")
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(answer.json["state"], "running")
        report = ended(self.service)
        self.assertEqual(report["state"], "finished")
        self.assertEqual(report["found"], {"sound": 2, "damaged": 1, "unknown": 0, "gone": 0})
        self.assertEqual(report["progress"], {"images": 3, "examined": 3, "bytes": sum(map(len, contents))})
        finding, = report["findings"]
        self.assertEqual((finding["image"], finding["outcome"], finding["deactivated"]), (images[1], "damaged", False))
        self.assertIn("not those that were stored", finding["message"])
        self.assertEqual((self.metric("damaged"), self.metric("sound")), (damaged + 1, sound + 2))
        self.assertIn(f"stored image damaged image={images[1]}", self.service.log())
        self.assertEqual(self.service.get(f"/v2/images/{images[1]}").json["status"], "active")

    def test_one_image_is_looked_at_alone(self):
        first, second = (self.service.imported(self.serve(small_qcow2(MIB, seed)))["id"] for seed in (4, 5))
        rot(self.service, second)
        self.assertEqual(ask(self.service, "POST", {"image": first}).status, 202)
        report = ended(self.service)
        self.assertEqual((report["image"], report["found"]["sound"], report["found"]["damaged"]), (first, 1, 0))
        self.assertEqual(ask(self.service, "POST", {"image": second}).status, 202)
        self.assertEqual(ended(self.service)["found"]["damaged"], 1)

    def test_requests_that_cannot_be_met_are_refused(self):
        self.assertEqual(ask(self.service, "POST", {"image": "0d3b6c1e-0000-4000-8000-000000000009"}).status, 404)
        for body in ({"image": 1}, {"image": ""}, {"images": []}, [], "all"):
            self.assertEqual(ask(self.service, "POST", body).status, 400, body)

    def test_files_that_are_cut_off_or_missing_are_damage_and_deleted_images_are_not(self):
        cut, missing, gone = (self.service.imported(self.serve(small_qcow2(MIB, seed)))["id"] for seed in (6, 7, 8))
        path = self.service.data_dir / "images" / cut
        os.chmod(path, 0o600)
        os.truncate(path, MIB)
        (self.service.data_dir / "images" / missing).unlink()
        self.service.delete(f"/v2/images/{gone}")
        ask(self.service, "POST")
        report = ended(self.service)
        self.assertEqual(sorted(finding["image"] for finding in report["findings"]), sorted([cut, missing]))
        self.assertEqual(report["found"], {"sound": 0, "damaged": 2, "unknown": 0, "gone": 0})

    def test_images_are_served_imported_and_deleted_meanwhile(self):
        content = small_qcow2(4 * MIB, 9)
        images = [self.service.imported(self.serve(content))["id"] for _ in range(4)]
        ask(self.service, "POST")
        self.assertTrue(self.service.image_bytes(images[0]) == content)
        for image in images[1:]:
            self.service.delete(f"/v2/images/{image}")
        fresh = self.service.imported(self.serve(small_qcow2()))["id"]
        report = ended(self.service)
        self.assertEqual((report["state"], report["findings"]), ("finished", []))
        self.assertEqual(self.service.get(f"/v2/images/{fresh}").status, 200)


class Quarantined(unittest.TestCase):
    def test_a_damaged_image_is_deactivated_when_the_operator_wants_that(self):
        with Service({"verify": {"quarantine": True}}) as service, SourceServer() as sources:
            sound, damaged = (service.imported(sources.add(f"/{seed}", Source(small_qcow2(MIB, seed))))["id"] for seed in (1, 2))
            rot(service, damaged)
            ask(service, "POST")
            report = ended(service)
            deadline = time.monotonic() + PATIENCE
            while not report["findings"][0]["deactivated"] and time.monotonic() < deadline:
                report = ask(service, "GET").json
            self.assertTrue(report["findings"][0]["deactivated"])
            self.assertEqual(service.get(f"/v2/images/{damaged}").json["status"], "deactivated")
            self.assertEqual(service.get(f"/v2/images/{sound}").json["status"], "active")
            self.assertEqual(service.get(f"/v2/images/{damaged}/file", validate=False).status, 403)


class Interrupted(unittest.TestCase):
    def test_it_is_ended_by_the_operator_or_the_service_and_begun_anew(self):
        with Service() as service, SourceServer() as sources:
            self.assertEqual(ask(service, "GET").json["state"], "idle")
            self.assertEqual(ask(service, "DELETE").json["state"], "idle")
            for number in range(3):
                service.imported(sources.add(f"/{number}", Source(small_qcow2(8 * MIB, 10))))
            ask(service, "POST")
            second = ask(service, "POST")
            self.assertIn(second.status, (202, 409))
            report = ask(service, "DELETE").json
            self.assertIn(report["state"], ("cancelled", "finished"))
            self.assertEqual(ask(service, "POST").status, 202)
            self.assertEqual(ended(service)["found"]["sound"], 3)
            ask(service, "POST")
            self.assertEqual(service.stop(), 0)
            service.start()
            self.assertEqual(ask(service, "GET").json["state"], "idle")
            ask(service, "POST")
            service.kill()
            service.start()
            ask(service, "POST")
            self.assertEqual(ended(service)["found"], {"sound": 3, "damaged": 0, "unknown": 0, "gone": 0})


if __name__ == "__main__":
    unittest.main()
