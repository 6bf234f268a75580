# SPDX-License-Identifier: Apache-2.0
"""Glance's Images API as its clients use it: the requests and statuses that OpenStack's own tests make and expect."""
import json
import unittest
import uuid

from disk_images import small_qcow2
from end_to_end_case import EndToEndCase

IMAGES = "/v2/images"
OLD_PATCH = "application/openstack-images-v2.0-json-patch"
NEW_PATCH = "application/openstack-images-v2.1-json-patch"


def caller(project, roles="member"):
    return {"X-Project-Id": project, "X-Roles": roles, "Accept": "application/json"}


ADMIN = caller("operators", "admin")


class ImagesCase(EndToEndCase):
    """Every test has a project of its own, and one to share with."""

    def setUp(self):
        self.mine = caller(f"project-{uuid.uuid4().hex}")
        self.other = caller(f"project-{uuid.uuid4().hex}")

    def ask(self, method, path, body=None, who=None, kind=None, **options):
        headers = dict(who or self.mine)
        if kind:
            headers["Content-Type"] = kind
        return self.service.request(method, path, body=body, headers=headers, **options)

    def create(self, who=None, **attributes):
        answer = self.ask("POST", IMAGES, attributes, who=who)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def show(self, image, who=None):
        answer = self.ask("GET", f"{IMAGES}/{image['id']}", who=who)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def patch(self, image, steps, who=None, kind=NEW_PATCH):
        return self.ask("PATCH", f"{IMAGES}/{image['id']}", json.dumps(steps).encode(), who=who, kind=kind)

    def listed(self, query="", who=None):
        answer = self.ask("GET", IMAGES + query, who=who)
        self.assertEqual(answer.status, 200, answer)
        return [image["id"] for image in answer.json["images"]]

    def imported(self, who=None, **properties):
        return self.service.imported(self.serve(small_qcow2()), headers=who or self.mine, **properties)


class Basics(ImagesCase):
    def test_an_image_is_created_shown_changed_and_deleted(self):
        image = self.create(name="first", container_format="bare", disk_format="raw", visibility="private",
                            ramdisk_id="some-id")
        self.assertEqual((image["status"], image["ramdisk_id"]), ("queued", "some-id"))
        self.assertEqual(self.ask("GET", f"{IMAGES}/{image['id']}/file", validate=False).status, 204)
        answer = self.patch(image, [{"replace": "/name", "value": "second"}, {"add": "/key", "value": "text"}],
                            kind=OLD_PATCH)
        self.assertEqual(answer.status, 200, answer)
        shown = self.show(image)
        self.assertEqual((shown["name"], shown["key"]), ("second", "text"))
        self.assertEqual(self.ask("DELETE", f"{IMAGES}/{image['id']}").status, 204)
        self.assertEqual(self.ask("GET", f"{IMAGES}/{image['id']}").status, 404)
        self.assertNotIn(image["id"], self.listed())
        self.assertEqual(self.ask("DELETE", f"{IMAGES}/{image['id']}").status, 404)

    def test_an_image_survives_the_service_being_killed(self):
        image = self.create(name="kept", tags=["a"])
        path = f"{IMAGES}/{image['id']}/members"
        self.ask("POST", path, {"member": self.other["X-Project-Id"]})
        self.service.kill()
        self.service.start()
        self.assertEqual(self.show(image), image)
        self.assertEqual(len(self.ask("GET", path).json["members"]), 1)

    def test_what_names_no_image_is_absent(self):
        unknown = str(uuid.uuid4())
        for method, path in (("GET", f"{IMAGES}/{unknown}"), ("DELETE", f"{IMAGES}/{unknown}"), ("GET", f"{IMAGES}/"),
                             ("DELETE", f"{IMAGES}/"), ("PUT", f"{IMAGES}/{unknown}/tags/x"),
                             ("DELETE", f"{IMAGES}/{unknown}/tags/x"), ("GET", f"{IMAGES}/{unknown}/members"),
                             ("POST", f"{IMAGES}/{unknown}/actions/deactivate")):
            with self.subTest(f"{method} {path}"):
                self.assertEqual(self.ask(method, path).status, 404)

    def test_a_protected_image_is_not_deleted(self):
        image = self.create(name="kept", protected=True)
        self.assertEqual(self.ask("DELETE", f"{IMAGES}/{image['id']}").status, 403)
        self.assertEqual(self.patch(image, [{"op": "replace", "path": "/protected", "value": False}]).status, 200)
        self.assertEqual(self.ask("DELETE", f"{IMAGES}/{image['id']}").status, 204)

    def test_formats_that_are_none_and_reserved_properties_are_refused(self):
        self.assertEqual(self.ask("POST", IMAGES, {"container_format": "wrong"}).status, 400)
        self.assertEqual(self.ask("POST", IMAGES, {"disk_format": "wrong"}).status, 400)
        self.assertEqual(self.ask("POST", IMAGES, {"os_glance_foo": "bar"}).status, 403)
        image = self.create()
        self.assertEqual(self.patch(image, [{"add": "/os_glance_foo", "value": "bar"}], kind=OLD_PATCH).status, 403)

    def test_an_administrator_sets_the_owner(self):
        image = self.create(ADMIN, owner=self.mine["X-Project-Id"])
        self.assertEqual(self.show(image)["owner"], self.mine["X-Project-Id"])
        steps = [{"replace": "/owner", "value": self.other["X-Project-Id"]}]
        self.assertEqual(self.patch(image, steps, kind=OLD_PATCH).status, 403)
        self.assertEqual(self.patch(image, steps, who=ADMIN, kind=OLD_PATCH).status, 200)
        self.assertEqual(self.ask("GET", f"{IMAGES}/{image['id']}").status, 404)

    def test_a_deactivated_image_gives_no_bytes(self):
        image = self.imported(name="disk")
        path = f"{IMAGES}/{image['id']}"
        self.assertEqual(self.ask("POST", f"{path}/actions/deactivate").status, 204)
        self.assertEqual(self.show(image)["status"], "deactivated")
        self.assertEqual(self.ask("GET", f"{path}/file", validate=False).status, 403)
        self.assertEqual(self.ask("GET", f"{path}/file", who=ADMIN, validate=False).body, small_qcow2())
        self.assertEqual(self.ask("POST", f"{path}/actions/reactivate").status, 204)
        self.assertEqual(self.ask("GET", f"{path}/file", validate=False).body, small_qcow2())

    def test_tags_come_and_go(self):
        image = self.create(tags=["one"])
        self.assertEqual(self.ask("PUT", f"{IMAGES}/{image['id']}/tags/two").status, 204)
        self.assertEqual(self.show(image)["tags"], ["one", "two"])
        self.assertEqual(self.ask("DELETE", f"{IMAGES}/{image['id']}/tags/one").status, 204)
        self.assertEqual(self.ask("DELETE", f"{IMAGES}/{image['id']}/tags/one").status, 404)
        self.assertEqual(self.show(image)["tags"], ["two"])

    def test_what_there_is_to_know_before_an_import(self):
        methods = self.ask("GET", "/v2/info/import").json["import-methods"]["value"]
        header = self.ask("POST", IMAGES, {}).headers["OpenStack-image-import-methods"]
        self.assertEqual(header.split(","), methods)
        stores = self.ask("GET", "/v2/info/stores").json["stores"]
        self.assertEqual([(store["id"], store["default"]) for store in stores], [("default", "true")])
        self.assertEqual(self.imported()["stores"], "default")
        for name in ("image", "images", "member", "members", "task", "tasks"):
            self.assertEqual(self.ask("GET", f"/v2/schemas/{name}").json["name"], name)


class Lists(ImagesCase):
    def test_every_filter_and_order_that_clients_use(self):
        images = []
        for number, (disk_format, tag) in enumerate((("ami", "a"), ("ari", "a"), ("aki", "b"), ("raw", "b"))):
            images.append(self.create(name=f"image {number}", container_format="bare", disk_format=disk_format,
                                      visibility="private", tags=[tag, f"own{number}"], os_distro=f"distro{number % 2}"))
        filled = self.imported(name="image 4")
        ids = [image["id"] for image in images] + [filled["id"]]
        project = self.mine["X-Project-Id"]
        for query, wanted in (
                ("", ids), ("?container_format=bare", ids), ("?disk_format=raw", [ids[3]]), ("?visibility=private", ids[:4]),
                (f"?size={filled['size']}", [ids[4]]), (f"?size_min={filled['size'] - 1}&size_max={filled['size'] + 1}", [ids[4]]),
                (f"?size_min={filled['size'] + 1}", []), ("?status=active", [ids[4]]), ("?status=in:queued,saving", ids[:4]),
                (f"?owner={project}", ids), ("?owner=nobody", []), ("?name=image%202", [ids[2]]), ("?tag=a", ids[:2]),
                ("?tag=a&tag=own1", [ids[1]]), ("?tag=a&tag=b", []), ("?os_distro=distro1", [ids[1], ids[3]]),
                ("?protected=true", []), (f"?id=in:{ids[0]},{ids[1]}", ids[:2]), ("?os_hidden=true", []),
                ("?created_at=lt:2013-01-01T00:00:00Z", []), ("?created_at=gte:2013-01-01T00:00:00Z", ids)):
            with self.subTest(query):
                self.assertEqual(sorted(self.listed(query)), sorted(wanted))
        self.assertEqual(self.listed("?sort=name:asc"), ids)
        self.assertEqual(self.listed("?sort_key=name&sort_dir=desc"), ids[::-1])
        self.assertEqual(self.listed("?sort=size:desc")[0], ids[4])
        self.assertEqual(self.listed("?sort_key=status&sort_dir=asc&sort_key=name&sort_dir=desc")[0], ids[4])
        self.assertEqual(len(self.listed("?limit=1")), 1)
        pages, path = [], f"{IMAGES}?sort=name:asc&limit=2"
        while path:
            answer = self.ask("GET", path).json
            pages.append([image["id"] for image in answer["images"]])
            path = answer.get("next")
        self.assertEqual(pages, [ids[:2], ids[2:4], ids[4:]])
        for refused in ("?marker=" + str(uuid.uuid4()), "?sort=colour", "?limit=-1", "?visibility=secret", "?sort=name&sort_key=name"):
            self.assertEqual(self.ask("GET", IMAGES + refused).status, 400, refused)

    def test_a_shared_image_is_listed_to_who_accepted_it(self):
        image = self.create(name="shared")
        members = f"{IMAGES}/{image['id']}/members"
        project = self.other["X-Project-Id"]
        added = self.ask("POST", members, {"member": project})
        self.assertEqual((added.status, added.json["status"]), (200, "pending"))
        self.assertEqual(self.listed("?member_status=pending&visibility=shared", who=self.other), [image["id"]])
        self.assertEqual(self.listed(who=self.other), [])
        self.assertEqual(self.ask("PUT", f"{members}/{project}", {"status": "accepted"}).status, 403)
        self.assertEqual(self.ask("PUT", f"{members}/{project}", {"status": "unknown"}, who=self.other).status, 400)
        self.assertEqual(self.ask("PUT", f"{members}/{project}", {"status": "accepted"}, who=self.other).status, 200)
        self.assertEqual(self.listed(who=self.other), [image["id"]])
        self.assertEqual(self.ask("PUT", f"{members}/{project}", {"status": "rejected"}, who=self.other).status, 200)
        self.assertEqual(self.listed(who=self.other), [])
        self.assertEqual(self.ask("GET", f"{members}/{project}").json["status"], "rejected")
        self.assertEqual(self.ask("DELETE", f"{members}/{project}").status, 204)
        self.assertEqual(self.ask("GET", f"{IMAGES}/{image['id']}", who=self.other).status, 404)


class Errors(ImagesCase):
    def test_faults_have_glances_three_forms(self):
        path = f"{IMAGES}/{uuid.uuid4()}"
        for accept, kind in (("application/json", "application/json"), ("*/*", "text/html"), ("text/plain", "text/plain")):
            answer = self.service.get(path, headers={"Accept": accept}, validate=False)
            self.assertEqual(answer.headers["Content-Type"].split(";")[0], kind)
        answer = self.ask("GET", path)
        self.assertEqual((answer.json["code"], answer.json["title"]), ("404 Not Found", "Not Found"))

    def test_other_methods_are_answered_405_with_allow(self):
        image = self.create()
        for method, path, allowed in (("PUT", IMAGES, "GET, HEAD, POST"), ("POST", f"{IMAGES}/{image['id']}", "GET, HEAD"),
                                      ("GET", f"{IMAGES}/{image['id']}/tags/x", "PUT, DELETE"),
                                      ("GET", f"{IMAGES}/{image['id']}/actions/deactivate", "POST")):
            answer = self.ask(method, path)
            self.assertEqual(answer.status, 405)
            self.assertTrue(answer.headers["Allow"].startswith(allowed), answer.headers["Allow"])


if __name__ == "__main__":
    unittest.main()
