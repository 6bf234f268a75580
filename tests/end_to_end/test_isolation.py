# SPDX-License-Identifier: Apache-2.0
"""Behind an authenticating proxy: what belongs to one project is absent for every other, and for everybody unknown."""
import json
import socket
import unittest
import uuid

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE

IMPORTS = "/v2/image-imports"


def project(name, roles="member", **more):
    return {"X-Identity-Status": "Confirmed", "X-Project-Id": name, "X-User-Id": f"user-of-{name}", "X-Roles": roles,
            **more}


class Isolation(EndToEndCase):
    config = {"auth": {"mode": "trusted-headers"}, "imports": {"max_running": 4, "max_running_per_project": 2}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice, cls.bob = project("alice"), project("bob")

    def imported(self, who, **properties):
        url = self.serve(small_qcow2())
        record = self.service.wait_for(self.service.start_import(url, headers=who, **properties)["id"], headers=who)
        self.assertEqual(record["status"], "success")
        return record, record["image_ref"].rsplit("/", 1)[1]

    def same_as_unknown(self, method, template, id_of_alice, who, **options):
        """Another's id and an id that never was are answered alike, but for the id itself."""
        foreign = self.service.request(method, template.format(id_of_alice), headers=who, **options)
        unknown_id = str(uuid.uuid4())
        unknown = self.service.request(method, template.format(unknown_id), headers=who, **options)
        self.assertEqual(foreign.status, 404, foreign)
        self.assertEqual(foreign.status, unknown.status)
        self.assertEqual(foreign.body.replace(id_of_alice.encode(), b"ID"), unknown.body.replace(unknown_id.encode(), b"ID"))
        ignored = {"x-openstack-request-id", "date"}
        self.assertEqual({key: value for key, value in foreign.headers.items() if key.lower() not in ignored},
                         {key: value for key, value in unknown.headers.items() if key.lower() not in ignored})

    def test_another_projects_import_is_exactly_as_absent_as_one_that_never_was(self):
        record, _ = self.imported(self.alice)
        for headers in ({}, {"Prefer": "wait=30"}, {"Accept": "text/event-stream"}):
            self.same_as_unknown("GET", IMPORTS + "/{}", record["id"], {**self.bob, **headers})
        self.same_as_unknown("DELETE", IMPORTS + "/{}", record["id"], self.bob)
        self.assertEqual(self.service.get(f"{IMPORTS}/{record['id']}", headers=self.alice).status, 200)

    def test_another_projects_live_import_cannot_be_seen_or_ended(self):
        url = self.serve(small_qcow2(2 * MIB), rate=512 << 10)
        import_id = self.service.start_import(url, headers=self.alice)["id"]
        self.service.wait_for(import_id, ("uploading",), headers=self.alice)
        for headers in ({}, {"Prefer": "wait=30"}, {"Accept": "text/event-stream"}):
            self.same_as_unknown("GET", IMPORTS + "/{}", import_id, {**self.bob, **headers})
        self.same_as_unknown("DELETE", IMPORTS + "/{}", import_id, self.bob)
        self.assertEqual(self.service.wait_for(import_id, headers=self.alice)["status"], "success")

    def test_lists_hold_the_callers_own_imports_only(self):
        record, _ = self.imported(self.alice)
        mine, _ = self.imported(self.bob)
        seen = [entry["id"] for entry in self.service.get(f"{IMPORTS}?limit=1000", headers=self.bob).json["image_imports"]]
        self.assertIn(mine["id"], seen)
        self.assertNotIn(record["id"], seen)
        answer = self.service.get(f"{IMPORTS}?marker={record['id']}", headers=self.bob)
        unknown = self.service.get(f"{IMPORTS}?marker={uuid.uuid4()}", headers=self.bob)
        self.assertEqual((answer.status, answer.json["code"]), (unknown.status, unknown.json["code"]))

    def test_another_projects_image_is_absent_in_every_way(self):
        _, image_id = self.imported(self.alice, visibility="private")
        json_wanted = {**self.bob, "Accept": "application/json"}
        for method, template in (("GET", "/v2/images/{}"), ("GET", "/v2/images/{}/file"), ("DELETE", "/v2/images/{}")):
            self.same_as_unknown(method, template, image_id, json_wanted)
        self.same_as_unknown("GET", "/v2/images/{}/file", image_id, {**json_wanted, "Range": "bytes=0-9"})
        listed = self.service.get("/v2/images?limit=1000", headers=self.bob).json["images"]
        self.assertNotIn(image_id, [entry["id"] for entry in listed])
        self.assertEqual(self.service.get("/v2/images?owner=alice", headers=self.bob).json["images"], [])
        self.assertEqual(self.service.get(f"/v2/images/{image_id}", headers=self.alice).status, 200)

    def test_community_and_public_images_can_be_read_but_not_deleted_by_others(self):
        for visibility, who in (("community", self.alice), ("public", project("alice", "admin"))):
            with self.subTest(visibility):
                _, image_id = self.imported(who, visibility=visibility)
                self.assertEqual(self.service.get(f"/v2/images/{image_id}", headers=self.bob).status, 200)
                self.assertEqual(self.service.image_bytes(image_id, headers=self.bob), small_qcow2())
                self.assertIn(self.service.delete(f"/v2/images/{image_id}", headers=self.bob).status, (403, 404))
                self.assertEqual(self.service.get(f"/v2/images/{image_id}", headers=who).status, 200)

    def test_nobody_is_let_in_without_the_proxys_word(self):
        body = {"location": "http://example.org/a", "image_properties": {}}
        cases = {
            "no headers": {},
            "not confirmed": {**self.alice, "X-Identity-Status": "Invalid"},
            "no status": {key: value for key, value in self.alice.items() if key != "X-Identity-Status"},
            "no project": {key: value for key, value in self.alice.items() if key != "X-Project-Id"},
            "an empty project": {**self.alice, "X-Project-Id": ""},
            "a token alone": {"X-Auth-Token": "abc"},
        }
        for what, headers in cases.items():
            with self.subTest(what):
                for answer in (self.service.post(IMPORTS, body, headers=headers),
                               self.service.get(IMPORTS, headers=headers),
                               self.service.get(f"{IMPORTS}/{uuid.uuid4()}", headers=headers),
                               self.service.get("/v2/images", headers=headers)):
                    self.assertEqual(answer.status, 401, answer)
                    self.assertIn("WWW-Authenticate", answer.headers)

    def test_a_repeated_identity_header_is_refused(self):
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.alice.items())
        with socket.create_connection((self.service.host, self.service.port), PATIENCE) as connection:
            connection.sendall(f"GET {IMPORTS} HTTP/1.1\r\nHost: x\r\n{fields}X-Project-Id: bob\r\n"
                               "Connection: close\r\n\r\n".encode())
            answer = connection.makefile("rb").read()
        self.assertIn(answer.split(b" ")[1], (b"400", b"401"), answer)

    def test_an_owner_cannot_be_chosen(self):
        answer = self.service.post(IMPORTS, {"location": "http://example.org/a", "image_properties": {"owner": "bob"}},
                                   headers=self.alice, validate=False)
        self.assertEqual(answer.status, 403)
        _, image_id = self.imported(self.alice)
        self.assertEqual(self.service.get(f"/v2/images/{image_id}", headers=self.alice).json["owner"], "alice")

    def test_one_projects_queue_does_not_hold_another_up(self):
        slow = self.serve(small_qcow2(2 * MIB), rate=16 << 10)
        ids = [self.service.start_import(slow, headers=project("greedy"))["id"] for _ in range(6)]
        record, _ = self.imported(self.bob)
        self.assertEqual(record["status"], "success")
        statuses = [self.service.get(f"{IMPORTS}/{import_id}", headers=project("greedy")).json["status"] for import_id in ids]
        self.assertIn("waiting", statuses)
        for import_id in ids:
            self.service.delete(f"{IMPORTS}/{import_id}", headers=project("greedy"))


class FairQueue(EndToEndCase):
    config = {"auth": {"mode": "trusted-headers"}, "imports": {"max_running": 1, "max_running_per_project": 1}}

    def test_projects_take_turns(self):
        url = self.serve(small_qcow2(MIB), rate=2 * MIB)
        greedy, modest = project("greedy"), project("modest")
        ids = [self.service.start_import(url, headers=greedy)["id"] for _ in range(5)]
        mine = self.service.start_import(url, headers=modest)["id"]
        self.assertEqual(self.service.wait_for(mine, headers=modest)["status"], "success")
        left = [self.service.get(f"{IMPORTS}/{import_id}", headers=greedy).json["status"] for import_id in ids]
        self.assertIn("waiting", left, f"one project's queue was served to its end first: {json.dumps(left)}")


if __name__ == "__main__":
    unittest.main()
