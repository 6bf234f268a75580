# SPDX-License-Identifier: Apache-2.0
"""Tokens of the real Keystone: who is let in, with what rights, and for how long."""
import time
import unittest

from disk_images import small_qcow2
from peer_case import PeerCase
from real_keystone import RealKeystone
from service import PATIENCE, Service

IMPORTS = "/v2/image-imports"


class RealTokens(PeerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice, cls.bob, cls.carol, cls.dave, cls.admin = map(
            cls.keystone.token, ("alice", "bob", "carol", "dave", "admin"))

    def imported(self, token):
        headers = {"X-Auth-Token": token}
        record = self.service.start_import(self.serve(small_qcow2()), headers=headers, visibility="private")
        done = self.service.wait_for(record["id"], headers=headers)
        self.assertEqual(done["status"], "success", done)
        return done

    def test_projects_come_from_the_token(self):
        image = self.imported(self.alice)["image_ref"]
        self.assertEqual(self.ask(self.alice, image).json["owner"], self.keystone.projects["a"])
        self.assertEqual(self.ask(self.bob, image).status, 404)
        self.assertEqual(self.ask(self.admin, image).status, 200)

    def test_a_reader_reads_and_who_has_no_role_of_ours_does_not(self):
        done = self.imported(self.alice)
        for path in (done["image_ref"], done["image_ref"] + "/file", "/v2/images", IMPORTS):
            self.assertEqual(self.ask(self.carol, path).status, 200, path)
            self.assertEqual(self.ask(self.dave, path).status, 403, path)
        self.assertEqual(self.ask(self.carol, done["image_ref"], "DELETE").status, 403)
        self.assertEqual(self.ask(self.carol, IMPORTS, "POST").status, 403)
        self.assertEqual(self.ask(self.alice, done["image_ref"], "DELETE").status, 204)

    def test_tokens_that_are_not_for_a_project_or_not_real_are_refused(self):
        self.assertEqual(self.ask(self.keystone.token("alice", project=False)).status, 403)
        for token in ("nonsense", self.alice[:-4] + "AAAA", self.alice + "x"):
            answer = self.ask(token)
            self.assertEqual(answer.status, 401, token)
            self.assertEqual(answer.headers["WWW-Authenticate"], f'Keystone uri="{self.keystone.url}"')

    def test_a_service_token_beside_a_valid_one_changes_nothing(self):
        nova = self.keystone.token("nova")
        self.assertEqual(self.ask(self.alice, X_Service_Token=nova).status, 200)
        self.assertEqual(self.ask(self.alice, X_Service_Token="nonsense").status, 401)


class Ends(unittest.TestCase):
    """Tokens that end: by time, and by revocation."""

    def test_tokens_end_and_a_service_may_still_use_them(self):
        with RealKeystone(token_life=8) as keystone:
            credential = keystone.client("sluice").application_credentials.create("validates-tokens")
            with Service({"auth": {"mode": "keystone"},
                          "auth.keystone": {"url": keystone.url, "application_credential_id": credential.id,
                                            "application_credential_secret": credential.secret,
                                            "cache_ttl": "500ms"}}) as service:
                def status(token, **headers):
                    return service.request("GET", "/v2/images", headers={"X-Auth-Token": token, **headers},
                                           validate=False).status

                def until(wanted, token, **headers):
                    deadline = time.monotonic() + PATIENCE
                    while (seen := status(token, **headers)) != wanted:
                        self.assertLess(time.monotonic(), deadline, f"still {seen}\n{service.log_tail()}")
                        time.sleep(0.1)

                session = keystone.session("alice")
                revoked = session.get_token()
                self.assertEqual(status(revoked), 200)
                keystone.client("alice").tokens.revoke_token(revoked)
                until(401, revoked)
                late = keystone.token("alice")
                self.assertEqual(status(late), 200)
                until(401, late)
                self.assertEqual(status(late, **{"X-Service-Token": keystone.token("nova")}), 200)
                self.assertEqual(status(late, **{"X-Service-Token": keystone.token("bob")}), 401)


if __name__ == "__main__":
    unittest.main()
