# SPDX-License-Identifier: Apache-2.0
"""What Nova and Cinder, as libraries, have in common: a user's request, a token of their own, a key manager."""
import pathlib
import shutil
import tempfile
import time

from castellan.common.objects import x_509

from peer_case import PeerCase
from service import PATIENCE

ABSENT = "00000000-0000-4000-8000-00000000dead"


class Certificates:
    """A key manager of castellan that knows the certificates of signers of images."""

    known = {}
    setting = f"""[key_manager]
backend = {__name__}.Certificates
"""

    def __init__(self, configuration=None):
        pass

    def get(self, context, managed_object_id, metadata_only=False):
        return x_509.X509(self.known[managed_object_id])

    @classmethod
    def add(cls, signer):
        cls.known[signer.id] = signer.der()


class ServiceUserCase(PeerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-peers-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    @classmethod
    def access(cls, name):
        """Somebody's new token, and the catalog in the shape of Keystone's second API, which Nova and Cinder keep."""
        session = cls.keystone.session(name)
        access = session.auth.get_access(session)
        return access, [{"type": entry["type"], "name": entry["name"],
                         "endpoints": [{"region": end["region"], f"{end['interface']}URL": end["url"]}
                                       for end in entry["endpoints"] if end["interface"] == "public"]}
                        for entry in access.service_catalog.catalog]


class LateTokens:
    """Work that takes longer than the token of who asked for it lives. A class beside this one has `conf`, `show` and
    `refusal`: the service's configuration, how it asks for an image, and what it raises then."""

    token_life = 8  # seconds
    more = {"auth.keystone": {"cache_ttl": "500ms"}}

    def refused(self, who, image):
        """Without the service's token."""
        self.conf.set_override("send_service_user_token", False, group="service_user")
        try:
            self.show(who, image)
        except self.refusal:
            return True
        finally:
            self.conf.clear_override("send_service_user_token", group="service_user")
        return False

    def wait_until_ended(self, who, image):
        deadline = time.monotonic() + PATIENCE
        while not self.refused(who, image):
            self.assertLess(time.monotonic(), deadline, "the token does not end")
            time.sleep(0.2)

    def test_tokens_that_were_revoked_stay_so(self):
        gone = self.person("alice")
        self.keystone.client("alice").tokens.revoke_token(gone.auth_token)
        self.assertRaises(self.refusal, self.show, gone, ABSENT)
        made_up = self.person("alice")
        made_up.auth_token = "nonsense"
        self.assertRaises(self.refusal, self.show, made_up, ABSENT)
