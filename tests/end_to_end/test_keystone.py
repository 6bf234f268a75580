# SPDX-License-Identifier: Apache-2.0
"""In mode "keystone" a token says who asks, and nothing else does; Keystone may be slow, wrong, lying or away."""
import concurrent.futures
import pathlib
import tempfile
import threading
import time
import unittest

from certificates import Authority
from disk_images import small_qcow2
from end_to_end_case import EndToEndCase
from fake_keystone import FakeKeystone
from service import PATIENCE, Service

IMAGES = "/v2/images"
IMPORTS = "/v2/image-imports"
JSON = {"Accept": "application/json"}


def settings(keystone, **more):
    return {"auth": {"mode": "keystone"},
            "auth.keystone": {"url": keystone.url, "username": keystone.username, "password": keystone.password,
                              "project": keystone.project, **more}}


class KeystoneCase(EndToEndCase):
    keystone_settings = {}

    @classmethod
    def setUpClass(cls):
        cls.keystone = FakeKeystone()
        cls.addClassCleanup(lambda: cls.keystone.close())
        cls.config = settings(cls.keystone, **cls.keystone_settings)
        super().setUpClass()
        cls.service.schema_headers = {"X-Auth-Token": cls.keystone.issue(project="schemas")}

    def ask(self, token=None, path=IMAGES, method="GET", **headers):
        fields = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if token is not None:
            fields["X-Auth-Token"] = token
        return self.service.request(method, path, headers=fields, validate=False)

    def eventually(self, status, *arguments, **headers):
        """The answer once it has that status."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self.ask(*arguments, **headers)
            if answer.status == status:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"no {status}, but {answer}\n{self.service.log_tail()}")

    def keystone_answers(self, answer):
        """Until the test ends or the next call: how validations are answered; None as it should be."""
        self.keystone.answer = answer
        self.addCleanup(setattr, self.keystone, "answer", None)

    def asked_in_vain(self):
        """Asks with tokens that nobody has seen until Keystone was asked about one; every one is answered 503."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            token = self.keystone.issue()
            answer = self.ask(token)
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("Retry-After", answer.headers)
            if self.keystone.asked(token):
                return
            time.sleep(0.05)  # Keystone has its rest after a failure
        raise AssertionError("Keystone was not asked any more")


class Tokens(KeystoneCase):
    keystone_settings = {"cache_ttl": "1h"}

    def test_a_token_says_who_asks_and_what_they_may(self):
        alice = self.keystone.issue(project="alice", user="alice-id", roles=["Member", "reader"])
        bob = self.keystone.issue(project="bob", user="bob-id")
        admin = self.keystone.issue(project="admins", roles=["ADMIN"])
        mine = {"X-Auth-Token": alice}
        record = self.service.start_import(self.serve(small_qcow2()), headers=mine, visibility="private")
        done = self.service.wait_for(record["id"], headers=mine)
        self.assertEqual(done["status"], "success")
        image = done["image_ref"]
        self.assertEqual(self.ask(alice, image).json["owner"], "alice")
        self.assertEqual(self.ask(bob, image).status, 404)
        self.assertEqual(self.ask(admin, image).status, 200)
        self.assertEqual(self.ask(bob, f"{IMPORTS}/{record['id']}").status, 404)

    def test_without_a_valid_token_every_door_is_closed_and_says_where_tokens_are(self):
        expired = self.keystone.issue(expires=-60)
        for token in (None, "", "no-such-token", expired):
            answer = self.ask(token)
            self.assertEqual(answer.status, 401, (token, answer))
            self.assertEqual(answer.headers["WWW-Authenticate"], f'Keystone uri="{self.keystone.url}"')
        for open_to_all in ("/versions", "/healthcheck"):
            self.assertEqual(self.ask(None, open_to_all).status, 200)

    def test_headers_of_a_proxy_mean_nothing(self):
        claims = {"X_Identity_Status": "Confirmed", "X_Project_Id": "victim", "X_User_Id": "root", "X_Roles": "admin",
                  "X_Tenant_Id": "victim", "X_Is_Admin_Project": "True"}
        self.assertEqual(self.ask(None, **claims).status, 401)
        victim = self.keystone.issue(project="victim")
        record = self.service.start_import(self.serve(small_qcow2()), headers={"X-Auth-Token": victim})
        mallory = self.keystone.issue(project="mallory")
        self.assertEqual(self.ask(mallory, f"{IMPORTS}/{record['id']}", **claims).status, 404)
        self.assertEqual(self.ask(victim, f"{IMPORTS}/{record['id']}").status, 200)

    def test_a_known_token_is_not_asked_about_again(self):
        token = self.keystone.issue()
        for _ in range(20):
            self.assertEqual(self.ask(token).status, 200)
        self.assertEqual(self.keystone.asked(token), 1)

    def test_a_refused_token_is_remembered_as_well(self):
        for _ in range(20):
            self.assertEqual(self.ask("made-up").status, 401)
        self.assertEqual(self.keystone.asked("made-up"), 1)

    def test_many_that_ask_at_once_make_one_question(self):
        token = self.keystone.issue()
        arrived, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def hold(handler):
            if handler.headers["X-Subject-Token"] == token:
                arrived.set()
                go_on.wait(PATIENCE)
            return False

        self.keystone_answers(hold)
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            asking = [pool.submit(self.ask, token) for _ in range(12)]
            self.assertTrue(arrived.wait(PATIENCE))
            # Meanwhile others are served.
            self.assertEqual(self.ask(None, "/healthcheck").status, 200)
            self.assertEqual(self.ask(self.keystone.issue()).status, 200)
            go_on.set()
            self.assertEqual({each.result().status for each in asking}, {200})
        self.assertEqual(self.keystone.asked(token), 1)

    def test_odd_tokens_are_refused_without_asking(self):
        asked = len(self.keystone.validations)
        for token in ("a b", "t\u00e4", "\x7f", "x" * 9000, "a\tb"):
            answer = self.service.request("GET", IMAGES, headers={**JSON, "X-Auth-Token": token.encode("utf-8")},
                                          validate=False)
            self.assertIn(answer.status, (400, 401), (token[:20], answer))
        self.assertEqual(len(self.keystone.validations), asked)
        odd = self.keystone.issue("!#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\")
        self.assertEqual(self.ask(odd).status, 200)

    def test_a_token_that_is_not_for_a_project_is_refused(self):
        answer = self.ask(self.keystone.issue(project=None))
        self.assertEqual(answer.status, 403)
        self.assertIn("project", answer.json["message"])

    def test_a_service_lets_an_expired_token_pass(self):
        expired = self.keystone.issue(expires=-60, project="long-job")
        nova = self.keystone.issue(user="nova", project="service", roles=["service"])
        nobody = self.keystone.issue(user="user", project="service", roles=["member"])
        self.assertEqual(self.ask(expired).status, 401)
        self.assertEqual(self.ask(expired, X_Service_Token=nova).status, 200)
        self.assertIn((expired, True), self.keystone.validations)
        self.assertEqual(self.ask(expired, X_Service_Token=nova).status, 200)
        # Only beside a service's token, and only beside a valid one.
        self.assertEqual(self.ask(expired).status, 401)
        self.assertEqual(self.ask(expired, X_Service_Token=nobody).status, 401)
        valid = self.keystone.issue()
        self.assertEqual(self.ask(valid, X_Service_Token=nobody).status, 200)
        self.assertEqual(self.ask(valid, X_Service_Token="made-up-service").status, 401)
        self.assertEqual(self.ask(None, X_Service_Token=nova).status, 401)

    def test_answers_that_are_not_tokens_are_an_outage_and_not_a_login(self):
        for body in (b"<html>", b'{"token": ' + b"[" * 5000, b'{"token": {"x": "' + b"y" * (2 << 20) + b'"}}',
                     b'{"token": {"user": {"id": "u"}, "project": {"id": "p"}, "roles": [{"name": "admin"}]}}'):
            with self.subTest(body[:40]):
                self.keystone_answers(lambda handler, body=body: handler.say(200, body) or True)
                self.asked_in_vain()
        self.keystone_answers(None)
        self.eventually(200, self.keystone.issue())

    def test_a_failing_keystone_is_an_outage_for_unknown_tokens_only(self):
        known = self.keystone.issue()
        self.assertEqual(self.ask(known).status, 200)
        for status in (500, 503, 403, 301):
            with self.subTest(status):
                self.keystone_answers(
                    lambda handler, status=status: handler.say(status, b"{}", Location="http://127.0.0.1:1/") or True)
                self.asked_in_vain()
                self.assertEqual(self.ask(known).status, 200)
        self.keystone_answers(None)
        self.eventually(200, self.keystone.issue())

    def test_the_services_own_token_is_renewed_when_keystone_forgets_it(self):
        logins = len(self.keystone.logins)
        self.keystone.own_tokens.clear()
        self.eventually(200, self.keystone.issue())
        self.assertEqual(len(self.keystone.logins), logins + 1)

    def test_no_token_and_no_password_is_ever_logged(self):
        token = self.keystone.issue()
        self.ask(token)
        self.ask("secret-but-refused")
        log = self.service.log()
        for secret in (token, "secret-but-refused", self.keystone.password, *self.keystone.own_tokens):
            self.assertNotIn(secret, log)

    def test_an_import_outlives_the_token_and_keeps_nothing_of_it(self):
        token = self.keystone.issue(project="patient", user="patient-user")
        url = self.serve(small_qcow2(512 << 10), rate=256 << 10)
        record = self.service.start_import(url, headers={"X-Auth-Token": token})
        self.keystone.revoke(token)
        other = self.keystone.issue(project="patient")
        done = self.service.wait_for(record["id"], headers={"X-Auth-Token": other})
        self.assertEqual(done["status"], "success")
        for file in pathlib.Path(self.service.data_dir).rglob("*"):
            if file.is_file():
                self.assertNotIn(token.encode(), file.read_bytes(), file)


class Revocation(KeystoneCase):
    keystone_settings = {"cache_ttl": "200ms"}

    def test_a_revoked_token_stops_working_when_its_cache_time_is_over(self):
        token = self.keystone.issue()
        self.assertEqual(self.ask(token).status, 200)
        self.keystone.revoke(token)
        self.eventually(401, token)

    def test_a_token_stops_working_when_it_expires(self):
        token = self.keystone.issue(expires=1.5)
        self.assertEqual(self.ask(token).status, 200)
        self.eventually(401, token)


class Lifetimes(KeystoneCase):
    keystone_settings = {"cache_ttl": "1h"}

    def test_a_token_is_not_believed_beyond_its_own_end(self):
        token = self.keystone.issue(expires=1.5)
        self.assertEqual(self.ask(token).status, 200)
        self.eventually(401, token)


class Accounts(unittest.TestCase):
    def started(self, keystone, more):
        self.addCleanup(keystone.close)
        service = Service({"auth": {"mode": "keystone"}, "auth.keystone": {"url": keystone.url, **more}})
        self.addCleanup(service.__exit__, None, None, None)
        return service.start()

    def status(self, service, token):
        return service.request("GET", IMAGES, headers={**JSON, "X-Auth-Token": token}, validate=False).status

    def test_an_application_credential_from_a_file_will_do(self):
        keystone = FakeKeystone()
        with tempfile.TemporaryDirectory() as folder:
            secret = pathlib.Path(folder) / "secret"
            secret.write_text(keystone.credential_secret + "\n")
            service = self.started(keystone, {"application_credential_id": keystone.credential_id,
                                              "application_credential_secret_file": str(secret)})
            self.assertEqual(self.status(service, keystone.issue()), 200)
        self.assertEqual(set(keystone.logins), {"application_credential"})

    def test_a_wrong_password_is_an_outage_with_the_reason_in_the_log(self):
        keystone = FakeKeystone()
        service = self.started(keystone, {"username": "sluice", "password": "wrong-secret", "project": "service"})
        self.assertEqual(self.status(service, keystone.issue()), 503)
        self.assertIn("refuses the service's own account", service.log())
        self.assertNotIn("wrong-secret", service.log())

    def test_a_rotated_password_needs_no_restart(self):
        keystone = FakeKeystone()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "password"
            file.write_text("old\n")
            service = self.started(keystone, {"username": "sluice", "password_file": str(file), "project": "service"})
            self.assertEqual(self.status(service, keystone.issue()), 503)
            file.write_text(keystone.password + "\n")
            deadline = time.monotonic() + PATIENCE
            while self.status(service, keystone.issue()) != 200:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)

    def test_a_token_of_its_own_that_ends_soon_is_renewed_in_time(self):
        keystone = FakeKeystone()
        keystone.own_life = 3
        service = self.started(keystone, {"username": keystone.username, "password": keystone.password,
                                          "project": keystone.project})
        deadline = time.monotonic() + PATIENCE
        while len(keystone.logins) < 3:
            self.assertEqual(self.status(service, keystone.issue()), 200)
            self.assertLess(time.monotonic(), deadline)

    def test_keystone_may_come_later_than_the_service_and_go_away(self):
        first = FakeKeystone()
        port = first.port
        known = first.issue()
        credentials = {"username": first.username, "password": first.password, "project": first.project,
                       "cache_ttl": "1h"}
        first.close()
        service = self.started_without(first, credentials)
        self.assertEqual(self.status(service, known), 503)
        second = FakeKeystone(port=port)
        second.tokens = first.tokens
        deadline = time.monotonic() + PATIENCE
        while self.status(service, known) != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        second.close()
        self.assertEqual(self.status(service, "another"), 503)
        self.assertEqual(self.status(service, known), 200)

    def started_without(self, keystone, more):
        service = Service({"auth": {"mode": "keystone"}, "auth.keystone": {"url": keystone.url, **more}})
        self.addCleanup(service.__exit__, None, None, None)
        return service.start()

    def test_over_tls_only_a_keystone_that_its_authority_vouches_for_is_believed(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(folder)
            more = {"username": FakeKeystone.username, "password": FakeKeystone.password,
                    "project": FakeKeystone.project, "ca_file": str(authority.certificate)}
            good = FakeKeystone(authority.issue("good", "IP:127.0.0.1"))
            service = self.started(good, more)
            self.assertEqual(self.status(service, good.issue()), 200)
            other = FakeKeystone(authority.issue("other", "DNS:other.example.org"))
            service = self.started(other, more)
            self.assertEqual(self.status(service, other.issue()), 503)
            self.assertEqual(other.logins, [])

    def test_a_keystone_that_hangs_costs_others_nothing_and_ends(self):
        keystone = FakeKeystone()
        service = self.started(keystone, {"username": keystone.username, "password": keystone.password,
                                          "project": keystone.project, "timeout": "500ms"})
        known = keystone.issue()
        self.assertEqual(self.status(service, known), 200)
        release = threading.Event()
        self.addCleanup(release.set)
        keystone.answer = lambda handler: release.wait(PATIENCE)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            hanging = [pool.submit(self.status, service, keystone.issue()) for _ in range(4)]
            while not all(each.done() for each in hanging):
                self.assertEqual(self.status(service, known), 200)
            self.assertEqual([each.result() for each in hanging], [503] * 4)

    def test_a_stop_does_not_wait_for_keystone(self):
        keystone = FakeKeystone()
        service = self.started(keystone, {"username": keystone.username, "password": keystone.password,
                                          "project": keystone.project, "timeout": "10min"})
        arrived, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def hang(_handler):
            arrived.set()
            release.wait(PATIENCE)
            return True

        keystone.answer = hang
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asking = pool.submit(self.status, service, keystone.issue())
            self.assertTrue(arrived.wait(PATIENCE))
            self.assertEqual(service.stop(), 0)
            self.assertEqual(asking.result(), 503)

    def test_what_cannot_work_is_refused_at_the_start(self):
        service = Service({"auth": {"mode": "keystone"},
                           "auth.keystone": {"url": "http://127.0.0.1:1/v3", "username": "u", "project": "p",
                                             "password_file": "/nonexistent"}})
        self.addCleanup(service.__exit__, None, None, None)
        with self.assertRaisesRegex(AssertionError, "auth.keystone.password_file"):
            service.start()


if __name__ == "__main__":
    unittest.main()
