# SPDX-License-Identifier: Apache-2.0
"""Glance's tasks: POST /v2/tasks of type import, and every import as a task."""
import time
import unittest

from disk_images import MIB, small_qcow2
from glance_case import GlanceCase
from service import PATIENCE

JSON = {"Accept": "application/json"}


class Tasks(GlanceCase):
    config = {"imports": {"max_running": 2, "retries": 0}}

    def task(self, url, headers=None, **more):
        body = {"type": "import", "input": {"import_from": url, "import_from_format": "qcow2",
                                            "image_properties": {"name": "by task"}, **more}}
        return self.service.post("/v2/tasks", body, headers={**JSON, **(headers or {})})

    def ended(self, task_id, headers=None):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            task = self.service.get(f"/v2/tasks/{task_id}", headers=headers).json
            if task["status"] in ("success", "failure"):
                return task
            time.sleep(0.02)
        self.fail(f"the task does not end: {task}")

    def test_a_task_imports_an_image(self):
        content = small_qcow2(MIB)
        url = self.serve(content)
        answer = self.task(url)
        self.assertEqual(answer.status, 201, answer)
        task = answer.json
        self.assertEqual(answer.headers["Location"], f"{self.service.url}/v2/tasks/{task['id']}")
        self.assertEqual((task["type"], task["status"], task["owner"], task["message"], task["result"]),
                         ("import", "pending", "default", "", None))
        self.assertEqual(task["input"], {"import_from": url, "import_from_format": "qcow2",
                                         "image_properties": {"name": "by task"}})
        self.assertEqual((task["self"], task["schema"]), (f"/v2/tasks/{task['id']}", "/v2/schemas/task"))
        self.assertNotIn("expires_at", task)
        self.assertEqual(task["request_id"], answer.headers["x-openstack-request-id"])
        task = self.ended(task["id"])
        self.assertEqual((task["status"], task["message"]), ("success", "Copied 1 MiB"))
        self.assertRegex(task["expires_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        image = self.show(task["result"]["image_id"])
        self.check_image(image, content, "qcow2")
        self.assertEqual(image["name"], "by task")
        record = self.service.get(f"/v2/image-imports/{task['id']}").json
        self.assertEqual((record["origin"], record["image_ref"]), ("task", f"/v2/images/{image['id']}"))

    def test_a_failed_task_says_why(self):
        task = self.ended(self.task(self.sources.url("/nothing")).json["id"])
        self.assertEqual((task["status"], task["result"]), ("failure", None))
        self.assertIn("404", task["message"])

    def test_bad_requests_are_refused_at_once(self):
        url = self.serve(small_qcow2(MIB))
        good = {"import_from": url}
        for name, body in (
                ("no type", {"input": good}), ("another type", {"type": "export", "input": good}),
                ("no input", {"type": "import"}), ("input of another kind", {"type": "import", "input": url}),
                ("no import_from", {"type": "import", "input": {}}),
                ("a local file", {"type": "import", "input": {"import_from": "file:///etc/passwd"}}),
                ("an unknown format", {"type": "import", "input": {**good, "import_from_format": "floppy"}}),
                ("properties of another kind", {"type": "import", "input": {**good, "image_properties": []}}),
                ("unknown members", {"type": "import", "input": good, "colour": "red"})):
            with self.subTest(name):
                self.check_glance_error(self.service.post("/v2/tasks", body, headers=JSON), 400)
        reserved = {"type": "import", "input": {**good, "image_properties": {"os_glance_import_task": "x"}}}
        self.check_glance_error(self.service.post("/v2/tasks", reserved, headers=JSON), 403)
        other = self.service.request("POST", "/v2/tasks", b"{}", {**JSON, "Content-Type": "text/plain"})
        self.check_glance_error(other, 415)

    def test_a_task_cannot_be_deleted_and_belongs_to_its_project(self):
        task_id = self.task(self.serve(small_qcow2(MIB))).json["id"]
        refused = self.service.delete(f"/v2/tasks/{task_id}", headers=JSON)
        self.check_glance_error(refused, 405)
        self.assertIn("GET", refused.headers["Allow"])
        self.assertEqual(self.service.get(f"/v2/tasks/{task_id}", headers={"X-Project-Id": "other"}).status, 404)
        self.assertEqual(self.service.get(f"/v2/tasks/{task_id}",
                                          headers={"X-Project-Id": "other", "X-Roles": "admin"}).status, 200)
        self.ended(task_id)

    def test_listing(self):
        me = {"X-Project-Id": "lister"}
        url = self.serve(small_qcow2(MIB))
        ids = [self.task(url if turn != 1 else self.sources.url("/nothing"), me).json["id"] for turn in range(5)]
        for task_id in ids:
            self.ended(task_id, me)
        image_id = self.new_image(headers=me)
        self.assertEqual(self.import_into(image_id, {"name": "web-download", "uri": url}, headers=me).status, 202)
        into_image = self.service.get(f"/v2/images/{image_id}/tasks", headers=me).json["tasks"][0]["id"]
        self.ended(into_image, me)
        everything = [into_image, *reversed(ids)]

        def listed(query=""):
            answer = self.service.get(f"/v2/tasks{query}", headers=me)
            self.assertEqual(answer.status, 200, answer)
            return answer.json

        page = listed()
        self.assertEqual([task["id"] for task in page["tasks"]], everything)
        self.assertEqual((page["first"], page["schema"]), ("/v2/tasks", "/v2/schemas/tasks"))
        self.assertNotIn("next", page)
        for hidden in ("input", "result", "message"):
            self.assertNotIn(hidden, page["tasks"][0])
        self.assertEqual([task["id"] for task in listed("?sort_dir=asc")["tasks"]], everything[::-1])
        self.assertEqual([task["id"] for task in listed("?status=failure")["tasks"]], [ids[1]])
        self.assertEqual(listed("?status=processing")["tasks"], [])
        self.assertEqual([task["id"] for task in listed("?type=import")["tasks"]], everything[1:])
        by_status = listed("?limit=20&sort_key=status&sort_dir=desc")["tasks"]
        self.assertEqual([task["status"] for task in by_status], ["success"] * 5 + ["failure"])
        for query in ("?limit=2", "?limit=2&sort_key=id&sort_dir=asc", "?limit=2&sort_key=status"):
            with self.subTest(query):
                seen, path = [], f"/v2/tasks{query}"
                while path:
                    page = self.service.get(path, headers=me).json
                    self.assertLessEqual(len(page["tasks"]), 2)
                    seen += [task["id"] for task in page["tasks"]]
                    path = page.get("next")
                self.assertEqual(sorted(seen), sorted(everything))
                self.assertEqual(len(seen), len(everything))
        for query in ("?limit=-1", "?marker=x", "?marker=00000000-0000-4000-8000-000000000000", "?sort_key=colour",
                      "?sort_dir=up", "?status=waiting", "?type=export"):
            with self.subTest(query):
                self.check_glance_error(self.service.get(f"/v2/tasks{query}", headers={**me, **JSON}), 400)
        self.assertEqual(self.service.get("/v2/tasks", headers={"X-Project-Id": "nobody"}).json["tasks"], [])


class Expiry(GlanceCase):
    config = {"imports": {"result_ttl": "1s"}}

    def test_a_task_vanishes_at_its_expiry(self):
        answer = self.service.post("/v2/tasks", {"type": "import", "input": {"import_from": self.serve(small_qcow2(MIB))}})
        path = f"/v2/tasks/{answer.json['id']}"
        self.wait_until(lambda: self.service.get(path).status == 404, "the task vanishes")


if __name__ == "__main__":
    unittest.main()
