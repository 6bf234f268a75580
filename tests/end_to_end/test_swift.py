# SPDX-License-Identifier: Apache-2.0
"""Images out of Swift: public containers, temporary URLs, locations with user and key, large objects, resumption."""
from disk_images import small_qcow2
from end_to_end_case import EndToEndCase
from fake_keystone import FakeKeystone
from fake_swift import ACCOUNT, FakeSwift

SECRETS = ("secret", "testing", "temp_url_sig", "token-")


class SwiftTest(EndToEndCase):
    config = {"imports": {"retries": 2}}

    @classmethod
    def setUpClass(cls):
        cls.swift = FakeSwift()
        cls.addClassCleanup(cls.swift.close)
        super().setUpClass()
        cls.content = small_qcow2(3 << 20)

    def setUp(self):
        self.swift.storage_url = None

    def check_nothing_leaked(self, *texts):
        for text in (*texts, self.service.log()):
            for secret in SECRETS:
                self.assertNotIn(secret, text)

    def imported(self, location):
        """The image and the import's answer, which hold no secret."""
        import_id = self.service.start_import(location)["id"]
        record = self.service.wait_for(import_id)
        self.assertEqual(record["status"], "success", record)
        self.check_nothing_leaked(str(record))
        image = self.service.get(record["image_ref"]).json
        self.check_image(image, self.content, "qcow2")

    def test_a_public_container_needs_no_token(self):
        path = self.swift.put("public", "path/to/disk.img", self.content, public=True)
        self.imported(f"swift+http://{self.swift.host}/v1/{ACCOUNT}/public/path/to/disk.img")
        self.imported(f"swift+http://{self.swift.host}/{ACCOUNT}/public/path/to/disk.img")
        for headers in self.swift.requests("GET", path):
            self.assertNotIn("x-auth-token", headers)

    def test_a_temporary_url_is_enough(self):
        path = self.swift.put("private", "temporary.img", self.content)
        self.imported(f"swift+http://{self.swift.host}{path}?{self.swift.temporary(path)}")
        self.imported(f"http://{self.swift.host}{path}?{self.swift.temporary(path)}")
        record = self.service.failed(f"swift+http://{self.swift.host}{path}?{self.swift.temporary(path, -1)}")
        self.check_refused(record, "source-status", "401", "temporary URL")
        self.check_nothing_leaked(str(record))

    def test_a_location_with_project_user_and_key_signs_in_at_keystone(self):
        path = self.swift.put("private", "keystone.img", self.content)
        self.imported(f"swift+http://a:alice:secret@{self.swift.host}/v3/private/keystone.img")
        self.assertTrue(self.swift.requests("GET", path)[-1]["x-auth-token"].startswith("token-"))

    def test_a_location_with_user_and_key_signs_in_at_swift(self):
        self.swift.put("private", "path/with slash.img", self.content)
        self.imported(f"swift+http://test:tester:testing@{self.swift.host}/auth/v1.0/private/path%2Fwith%20slash.img")

    def test_large_objects_read_like_one(self):
        half = len(self.content) // 2
        self.swift.put("private", "large.img", segments=[self.content[:half], self.content[half:]])
        self.imported(f"swift+http://a:alice:secret@{self.swift.host}/v3/private/large.img")

    def test_a_large_object_that_lost_a_segment_makes_no_image(self):
        half = len(self.content) // 2
        path = self.swift.put("private", "holes.img", segments=[self.content[:half], self.content[half:]])
        self.swift.objects[path].lose(1)
        record = self.service.failed(f"swift+http://a:alice:secret@{self.swift.host}/v3/private/holes.img")
        self.check_refused(record, "source-truncated")

    def test_a_broken_transfer_goes_on_under_if_match(self):
        path = self.swift.put("private", "cut.img", self.content)
        self.swift.cuts[path] = 2 << 20
        self.imported(f"swift+http://a:alice:secret@{self.swift.host}/v3/private/cut.img")
        first, second = self.swift.requests("GET", path)
        self.assertNotIn("range", first)
        self.assertEqual(second["if-match"], self.swift.objects[path].etag)
        self.assertRegex(second["range"], r"^bytes=\d+-$")

    def test_an_object_that_was_replaced_starts_over(self):
        path = self.swift.put("private", "replaced.img", small_qcow2(3 << 20, seed=2))
        self.swift.cuts[path] = 2 << 20
        location = f"swift+http://a:alice:secret@{self.swift.host}/v3/private/replaced.img"
        answered = self.swift.may_read

        def replace_before_the_second(where, query, headers):
            if where == path and "range" in headers:
                self.swift.put("private", "replaced.img", self.content)
            return answered(where, query, headers)
        self.swift.may_read = replace_before_the_second
        try:
            self.imported(location)
        finally:
            self.swift.may_read = answered

    def test_what_a_sign_in_refuses_is_told_without_the_key(self):
        for location in (f"swift+http://a:alice:wrong@{self.swift.host}/v3/private/x",
                         f"swift+http://test:tester:wrong@{self.swift.host}/auth/v1.0/private/x"):
            record = self.service.failed(location)
            self.check_refused(record, "source-status", "401", "sign-in")
            self.assertNotIn("wrong", str(record))

    def test_a_sign_in_leads_nowhere_that_a_location_could_not(self):
        for storage_url in ("http://169.254.169.254/v1/A", "http://10.0.0.1/v1/A"):
            self.swift.storage_url = storage_url
            record = self.service.failed(f"swift+http://a:alice:secret@{self.swift.host}/v3/private/x")
            self.check_refused(record, "source-unreachable")
            self.assertNotIn("169.254", str(record))
        for storage_url in ("file:///etc/passwd", "gopher://127.0.0.1/1", "/v1/A"):
            self.swift.storage_url = storage_url
            record = self.service.failed(f"swift+http://a:alice:secret@{self.swift.host}/v3/private/x")
            self.check_refused(record, "source-protocol")

    def test_what_is_no_swift_location_is_refused_at_once(self):
        for location in ("swift+config://ref1/container/object", "swift://h/c", "swift://u:secret@h/c/o",
                         "swift://p:u:secret@h/v2.0/c/o", "swift://h/v1/a/../o"):
            answer = self.service.post("/v2/image-imports", {"location": location})
            self.assertEqual(answer.status, 400, answer)
            self.assertNotIn("secret", str(answer))


class CallersTokenTest(EndToEndCase):
    """The caller's own token goes to the cloud's object store, and to nobody else."""

    @classmethod
    def setUpClass(cls):
        cls.swift, cls.stranger, cls.keystone = FakeSwift(), FakeSwift(), FakeKeystone()
        for each in (cls.swift, cls.stranger, cls.keystone):
            cls.addClassCleanup(each.close)
        url = f"http://{cls.swift.host}/v1/AUTH_service"
        cls.keystone.catalog = [{"type": "object-store", "name": "swift", "id": "s", "endpoints": [
            {"id": "e", "interface": "public", "region": "r", "region_id": "r", "url": url}]}]
        cls.config = {"auth": {"mode": "keystone"},
                      "auth.keystone": {"url": cls.keystone.url, "username": cls.keystone.username,
                                        "password": cls.keystone.password, "project": cls.keystone.project}}
        super().setUpClass()
        cls.service.schema_headers = {"X-Auth-Token": cls.keystone.issue(project="schemas")}
        cls.token = cls.keystone.issue("a-token-of-alice", project="a")
        cls.headers = {"X-Auth-Token": cls.token}
        cls.swift.tokens.add(cls.token)
        cls.content = small_qcow2(1 << 20)

    def finished(self, location):
        import_id = self.service.start_import(location, headers=self.headers)["id"]
        return self.service.wait_for(import_id, headers=self.headers)

    def test_the_object_store_of_the_catalog_sees_it(self):
        path = self.swift.put("private", "mine.img", self.content)
        record = self.finished(f"swift+http://{self.swift.host}{path}")
        self.assertEqual(record["status"], "success", record)
        self.assertEqual(self.swift.requests("GET", path)[-1]["x-auth-token"], self.token)
        self.assertNotIn(self.token, str(record) + self.service.log())
        for file in self.service.data_dir.rglob("*"):
            if file.is_file():
                self.assertNotIn(self.token.encode(), file.read_bytes(), file)

    def test_another_host_does_not(self):
        path = self.stranger.put("private", "mine.img", self.content)
        record = self.finished(f"swift+http://{self.stranger.host}{path}")
        self.check_refused(record, "source-status", "401")
        for headers in self.stranger.requests("GET", path):
            self.assertNotIn("x-auth-token", headers)

    def test_nor_does_anybody_with_a_temporary_url_or_a_plain_one(self):
        path = self.swift.put("private", "temporary.img", self.content)
        for location in (f"swift+http://{self.swift.host}{path}?{self.swift.temporary(path)}",
                         f"http://{self.swift.host}{path}?{self.swift.temporary(path)}"):
            self.assertEqual(self.finished(location)["status"], "success")
        for headers in self.swift.requests("GET", path):
            self.assertNotIn("x-auth-token", headers)
