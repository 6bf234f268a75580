# SPDX-License-Identifier: Apache-2.0
"""Metadata definitions, in the order in which Tempest and Horizon ask for them, held against the published schemas."""
import signal
import unittest
import uuid

import jsonschema

from service import Service

ADMIN = {"X-Roles": "admin", "X-Project-Id": "admin"}
MEMBER = {"X-Roles": "member", "X-Project-Id": "a"}
NAMESPACES = "/v2/metadefs/namespaces"
PROPERTY = {"title": "Hypervisor", "type": "string", "enum": ["xen", "qemu", "kvm", "lxc", "uml", "vmware", "hyperv"]}


class Metadefs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()
        cls.addClassCleanup(cls.service.__exit__, None, None, None)
        cls.service.start()
        cls.schemas = {}

    def ask(self, method, path, body=None, status=200, headers=ADMIN, schema=None):
        answer = self.service.request(method, path, body, headers={"Accept": "application/json", **headers})
        self.assertEqual(answer.status, status, f"{method} {path}: {answer}")
        if status == 204:
            self.assertEqual(answer.body, b"")
            return None
        if schema:
            self.validate(schema, answer.json)
        return answer.json

    def validate(self, name, document):
        if name not in self.schemas:
            answer = self.service.get(f"/v2/schemas/metadefs/{name}", headers=MEMBER)
            self.assertEqual(answer.status, 200)
            self.schemas[name] = answer.json
        jsonschema.Draft7Validator(self.schemas[name]).validate(document)

    def namespace(self, **more):
        name = f"namespace-{uuid.uuid4()}"
        self.ask("POST", NAMESPACES, {"namespace": name, "visibility": "public", **more}, 201, schema="namespace")
        return f"{NAMESPACES}/{name}", name

    def test_schemas_have_the_names_that_tempest_looks_at(self):
        for kind, name in {"namespace": "namespace", "namespaces": "namespaces", "object": "object", "tag": "tag",
                           "resource_type": "resource_type_association", "objects": "objects", "tags": "tags",
                           "resource_types": "resource_type_associations", "property": "property",
                           "properties": "properties"}.items():
            self.assertEqual(self.ask("GET", f"/v2/schemas/metadefs/{kind}", headers=MEMBER)["name"], name)

    def test_namespaces(self):
        kind = self.ask("GET", "/v2/metadefs/resource_types")["resource_types"][0]["name"]
        path, name = self.namespace(description="Tempest", display_name="D", protected=True,
                                    resource_type_associations=[{"name": kind}])
        listed = self.ask("GET", NAMESPACES + "?limit=1000", headers=MEMBER, schema="namespaces")
        self.assertIn(name, [each["namespace"] for each in listed["namespaces"]])
        shown = self.ask("GET", path, headers=MEMBER, schema="namespace")
        self.assertEqual((shown["namespace"], shown["visibility"]), (name, "public"))
        self.ask("DELETE", path, status=403)
        changed = self.ask("PUT", path, {"namespace": name, "description": "Tempest", "visibility": "private",
                                         "display_name": "D", "protected": False}, schema="namespace")
        self.assertEqual((changed["visibility"], changed["protected"]), ("private", False))
        self.ask("GET", path, status=404, headers=MEMBER)
        self.ask("DELETE", path, status=204)
        self.ask("GET", path, status=404)

    def test_objects(self):
        path, _ = self.namespace()
        self.ask("POST", path + "/objects", {"name": "o", "description": "d", "required": ["p"],
                                             "properties": {"p": PROPERTY}}, 201, schema="object")
        self.ask("PUT", path + "/objects/o", {"name": "o2", "properties": {"p": PROPERTY}}, schema="object")
        self.assertEqual(self.ask("GET", path + "/objects/o2", schema="object")["properties"]["p"]["enum"],
                         PROPERTY["enum"])
        listed = self.ask("GET", path + "/objects", headers=MEMBER, schema="objects")
        self.assertEqual([each["name"] for each in listed["objects"]], ["o2"])
        self.ask("DELETE", path + "/objects/o2", status=204)
        self.ask("DELETE", path + "/objects/o2", status=404)

    def test_properties(self):
        path, _ = self.namespace()
        kind = self.ask("GET", "/v2/metadefs/resource_types")["resource_types"][0]["name"]
        self.ask("POST", path + "/resource_types", {"name": kind}, 201, schema="resource_type")
        self.ask("POST", path + "/properties", {"name": kind, **PROPERTY}, 201, schema="property")
        self.assertEqual(self.ask("GET", f"{path}/properties/{kind}")["name"], kind)
        self.ask("PUT", f"{path}/properties/{kind}", {"name": kind, **PROPERTY, "title": "New"}, schema="property")
        self.assertEqual(self.ask("GET", path + "/properties", schema="properties")["properties"][kind]["title"], "New")
        self.ask("DELETE", f"{path}/properties/{kind}", status=204)
        self.ask("DELETE", f"{path}/resource_types/{kind}", status=204)
        self.assertEqual(self.ask("GET", path + "/resource_types")["resource_type_associations"], [])

    def test_tags(self):
        path, _ = self.namespace()
        self.ask("POST", path + "/tags", {"tags": [{"name": f"sample-tag{n}"} for n in range(3)]}, 201, schema="tags")
        self.assertEqual(len(self.ask("GET", path + "/tags", schema="tags")["tags"]), 3)
        self.ask("POST", path + "/tags/single", status=201, schema="tag")
        self.ask("PUT", path + "/tags/single", {"name": "other"}, schema="tag")
        self.ask("DELETE", path + "/tags/other", status=204)
        self.ask("DELETE", path + "/tags", status=204)
        self.assertEqual(self.ask("GET", path + "/tags")["tags"], [])

    def test_what_was_answered_survives_a_kill(self):
        path, name = self.namespace(tags=[{"name": "kept"}])
        for n in range(20):
            self.ask("POST", f"{path}/tags/t{n}", status=201)
        self.service.process.send_signal(signal.SIGKILL)
        self.service.wait()
        self.service.start()
        tags = [each["name"] for each in self.ask("GET", path, schema="namespace")["tags"]]
        self.assertEqual(tags, ["kept"] + [f"t{n}" for n in range(20)])
        self.ask("DELETE", path, status=204)
