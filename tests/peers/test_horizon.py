# SPDX-License-Identifier: Apache-2.0
"""Horizon's image panels: its own REST layer inside Django, somebody signed in at Keystone, without a web server."""
import http.client
import json
import os
import sys
import time
import types
import unittest
import urllib.parse

from disk_images import MIB, small_qcow2
from peer_case import PeerCase
from real_keystone import REGION, password_of
from service import PATIENCE

ORIGIN = "http://dashboard.example"
NAMESPACE = {
    "namespace": "Trial::Namespace", "display_name": "A trial", "visibility": "public", "protected": False,
    "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "trial_"}],
    "properties": {"speed": {"title": "Speed", "type": "string", "enum": ["fast", "slow"]}},
    "objects": [{"name": "wheel", "properties": {"count": {"title": "Count", "type": "integer", "minimum": 1}}}],
}


class Something:
    """Has what it is given, and can be a key of Horizon's caches."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def start_django(keystone_url):
    """Horizon's settings, with ours in the place of local_settings.py."""
    ours = types.ModuleType("local.local_settings")
    ours.SECRET_KEY = "a secret of the tests"
    ours.OPENSTACK_KEYSTONE_URL = keystone_url
    ours.ALLOWED_HOSTS = ["testserver"]
    ours.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    ours.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    ours.API_RESULT_PAGE_SIZE = 2
    ours.HORIZON_IMAGES_UPLOAD_MODE = "direct"
    sys.modules["local.local_settings"] = ours
    os.environ["DJANGO_SETTINGS_MODULE"] = "openstack_dashboard.settings"
    import django
    django.setup()
    from openstack_dashboard.api.rest import utils
    del utils._RestResponse.json  # Django's test client wants the name for itself


class Horizon(PeerCase):
    more = {"http": {"allowed_origins": [ORIGIN]}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        start_django(cls.keystone.url)
        cls.alice, cls.admin = cls.signed_in("alice"), cls.signed_in("admin")

    @staticmethod
    def signed_in(name):
        from django.test import Client
        browser = Client()
        answer = browser.post("/auth/login/", {"username": name, "password": password_of(name), "region": "default"})
        if answer.status_code != 302:
            raise AssertionError(f"Horizon lets {name} not in: {answer.status_code} {answer.content[:600]}")
        browser.defaults["HTTP_X_REQUESTED_WITH"] = "XMLHttpRequest"
        return browser

    def call(self, browser, method, path, body=None, status=200):
        answer = browser.generic(method, f"/api/glance/{path}", json.dumps(body) if body is not None else "",
                                 content_type="application/json")
        self.assertEqual(answer.status_code, status, f"{method} {path}: {answer.content[:600]}\n{self.service.log_tail(5)}")
        return json.loads(answer.content) if answer.content else None

    def created(self, name, **properties):
        return self.call(self.alice, "PUT", "images/", {"name": name, "disk_format": "qcow2", "container_format": "bare",
                                                        "visibility": "private", "data": "disk.qcow2", **properties}, 201)

    def sent(self, method, url, headers, body=None):
        """What the browser does by itself."""
        address = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
        connection.request(method, address.path, body, {"Origin": ORIGIN, **headers})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def wait_until_active(self, image):
        deadline = time.monotonic() + PATIENCE
        while (seen := self.call(self.alice, "GET", f"images/{image}/"))["status"] != "active":
            self.assertLess(time.monotonic(), deadline, seen)
            time.sleep(0.2)
        return seen

    def test_an_image_goes_from_the_browser_to_the_service(self):
        content = small_qcow2()
        made = self.created("direct", description="from a browser", architecture="x86_64", hw_disk_bus="scsi")
        self.assertEqual((made["status"], made["architecture"]), ("queued", "x86_64"))
        self.assertEqual(made["upload_url"], f"{self.service.url}/v2/images/{made['id']}/file")
        asked = self.sent("OPTIONS", made["upload_url"], {"Access-Control-Request-Method": "PUT",
                                                          "Access-Control-Request-Headers": "content-type,x-auth-token"})
        self.assertEqual((asked.status, asked.headers["Access-Control-Allow-Origin"]), (204, ORIGIN))
        allowed = asked.headers["Access-Control-Allow-Headers"].lower()
        self.assertIn("x-auth-token", allowed)
        self.assertIn("content-type", allowed)
        put = self.sent("PUT", made["upload_url"], {"X-Auth-Token": made["token_id"],
                                                    "Content-Type": "application/octet-stream"}, content)
        self.assertEqual((put.status, put.headers["Access-Control-Allow-Origin"]), (204, ORIGIN))
        shown = self.wait_until_active(made["id"])
        self.assertEqual((shown["size"], shown["properties"]["virtual_size"]), (len(content), MIB))

    def test_an_image_goes_through_horizon(self):
        from django.core.files.uploadedfile import SimpleUploadedFile
        content = small_qcow2()
        words = {"name": "legacy", "disk_format": "qcow2", "container_format": "bare", "visibility": "private", "min_disk": 1}
        answer = self.alice.post("/api/glance/images/", {"$$originalJSON": json.dumps(words),
                                                         "data": SimpleUploadedFile("disk.qcow2", content)})
        self.assertEqual(answer.status_code, 201, answer.content)
        image = json.loads(answer.content)["id"]
        self.assertEqual(self.wait_until_active(image)["size"], len(content))

    def test_an_image_is_changed_and_deleted(self):
        image = self.created("before", hw_disk_bus="scsi")["id"]
        self.call(self.alice, "PATCH", f"images/{image}/", {
            "name": "after", "disk_format": "qcow2", "container_format": "bare", "visibility": "shared", "min_disk": 2,
            "min_ram": 128, "protected": False, "description": "changed", "kernel": "", "ramdisk": "",
            "architecture": ""}, 204)
        self.call(self.alice, "PATCH", f"images/{image}/properties/",
                  {"updated": {"os_distro": "debian", "os_hidden": "false"}, "removed": ["hw_disk_bus"]}, 204)
        shown = self.call(self.alice, "GET", f"images/{image}/")
        self.assertEqual((shown["name"], shown["visibility"], shown["min_disk"]), ("after", "shared", 2))
        properties = self.call(self.alice, "GET", f"images/{image}/properties/")
        self.assertEqual((properties["os_distro"], properties.get("hw_disk_bus")), ("debian", None))
        self.call(self.alice, "DELETE", f"images/{image}/", status=204)
        self.call(self.alice, "GET", f"images/{image}/", status=404)

    def test_images_are_listed_page_by_page_and_filtered(self):
        names = [f"listed-{number}" for number in range(5)]
        ids = [self.created(name, list_of="horizon")["id"] for name in names]
        seen, marker = [], ""
        for _ in names:
            page = self.call(self.alice, "GET", "images/?paginate=true&sort_dir=asc&sort_key=name&list_of=horizon" + marker)
            seen += [one["name"] for one in page["items"]]
            marker = f"&marker={page['items'][-1]['id']}"
            if not page["has_more_data"]:
                break
        self.assertEqual(seen, names)
        back = self.call(self.alice, "GET", "images/?paginate=true&sort_dir=desc&sort_key=name&list_of=horizon"
                                            f"&marker={ids[4]}")
        self.assertEqual([one["name"] for one in back["items"]], ["listed-3", "listed-2"])
        for words, found in {"name=listed-3": 1, "status=queued": 5, "visibility=public": 0, "disk_format=qcow2": 5}.items():
            self.assertEqual(len(self.call(self.alice, "GET", f"images/?list_of=horizon&{words}")["items"]), found, words)

    def test_what_the_service_refuses_is_told(self):
        for words, status in (({"visibility": "public"}, 403), ({"disk_format": "docker"}, 400),
                              ({"image_url": "http://example.org/disk", "data": None}, 403)):
            told = self.call(self.alice, "PUT", "images/", {"name": "refused", "disk_format": "qcow2",
                                                            "container_format": "bare", "visibility": "private",
                                                            "data": "x", **words}, status)
            self.assertIn(str(status), told)

    def test_metadata_definitions_are_imported_read_changed_and_deleted(self):
        from openstack_dashboard.api import glance
        endpoint = {"region": REGION, "region_id": REGION, "interface": "public", "url": self.service.url}
        user = Something(token=Something(id=self.keystone.token("admin")), services_region=REGION,
                         service_catalog=[{"type": "image", "endpoints": [endpoint]}])
        request = Something(user=user, session={}, COOKIES={})
        name = NAMESPACE["namespace"]
        glance.metadefs_namespace_create(request, dict(NAMESPACE))
        listed = self.call(self.alice, "GET", "metadefs/namespaces/?resource_type=OS::Glance::Image")["items"]
        self.assertEqual([one["namespace"] for one in listed], [name])
        self.assertEqual(list(listed[0]["properties"]), ["trial_speed"])
        self.assertEqual(listed[0]["objects"][0]["name"], "wheel")
        types_known = {one["name"] for one in glance.metadefs_resource_types_list(request)}
        self.assertLessEqual({"OS::Glance::Image", "OS::Nova::Flavor", "OS::Cinder::Volume"}, types_known)
        glance.metadefs_namespace_add_resource_type(request, name, {"name": "OS::Nova::Flavor", "prefix": ""})
        glance.metadefs_namespace_remove_resource_type(request, name, "OS::Glance::Image")
        self.assertEqual([one["name"] for one in glance.metadefs_namespace_resource_types(request, name)],
                         ["OS::Nova::Flavor"])
        glance.metadefs_namespace_update(request, name, protected=True, visibility="private")
        self.assertRaises(Exception, glance.metadefs_namespace_delete, request, name)
        glance.metadefs_namespace_update(request, name, protected=False)
        glance.metadefs_namespace_delete(request, name)
        self.assertEqual(glance.metadefs_namespace_list(request)[0], [])


if __name__ == "__main__":
    unittest.main()
