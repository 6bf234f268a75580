# SPDX-License-Identifier: Apache-2.0
"""What tests of Glance's own dialects share: images without bytes, uploads over sockets of one's own, waiting."""
import http.client
import json
import socket
import time

from end_to_end_case import EndToEndCase
from service import PATIENCE

OCTETS = {"Content-Type": "application/octet-stream", "Accept": "application/json"}


def chunks(content, size):
    """An iterable body: http.client sends it chunked."""
    for at in range(0, len(content), size):
        yield content[at:at + size]


class Upload:
    """A PUT whose bytes the test sends as it likes."""

    def __init__(self, service, path, length=None, headers=None):
        self.socket = socket.create_connection((service.host, service.port), PATIENCE)
        fields = {"Host": "images", **OCTETS, **(headers or {})}
        fields.update({"Content-Length": length} if length is not None else {"Transfer-Encoding": "chunked"})
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.chunked = length is None
        self.socket.sendall(f"PUT {path} HTTP/1.1\r\n{head}\r\n".encode())

    def send(self, content):
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(content), content) if self.chunked else content)

    def end(self):
        if self.chunked:
            self.socket.sendall(b"0\r\n\r\n")

    def answer(self):
        response = http.client.HTTPResponse(self.socket, method="PUT")
        response.begin()
        response.body = response.read()
        return response

    def close(self):
        self.socket.close()


class GlanceCase(EndToEndCase):
    def new_image(self, service=None, headers=None, **properties):
        """The id of a queued image."""
        body = {"name": "new", "container_format": "bare", "disk_format": "qcow2", **properties}
        body = {name: value for name, value in body.items() if value is not None}
        answer = (service or self.service).post("/v2/images", body, headers={"Accept": "application/json", **(headers or {})})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json["status"], "queued")
        return answer.json["id"]

    def show(self, image_id, service=None, headers=None):
        answer = (service or self.service).get(f"/v2/images/{image_id}", headers=headers)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def put(self, image_id, content, what="file", service=None, headers=None, chunk=None):
        body = chunks(content, chunk) if chunk else content
        service = service or self.service
        connection = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE)
        try:
            connection.request("PUT", f"/v2/images/{image_id}/{what}", body=body, headers={**OCTETS, **(headers or {})},
                               encode_chunked=bool(chunk))
            answer = connection.getresponse()
            answer.body = answer.read()
            return answer
        finally:
            connection.close()

    def upload(self, service, image_id, what="file", **options):
        upload = Upload(service, f"/v2/images/{image_id}/{what}", **options)
        self.addCleanup(upload.close)
        return upload

    def import_into(self, image_id, method, service=None, headers=None, **body):
        return (service or self.service).post(f"/v2/images/{image_id}/import", {"method": method, **body},
                                              headers={"Accept": "application/json", **(headers or {})})

    def tasks_of(self, image_id, service=None, headers=None):
        answer = (service or self.service).get(f"/v2/images/{image_id}/tasks", headers=headers)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["tasks"]

    def wait_for_image(self, image_id, condition, service=None):
        """The image once `condition(image)` holds."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            image = self.show(image_id, service)
            if condition(image):
                return image
            time.sleep(0.02)
        self.fail(f"the image did not become what it should: {image}\n{(service or self.service).log_tail()}")

    def wait_for_status(self, image_id, status, service=None):
        return self.wait_for_image(image_id, lambda image: image["status"] == status, service)

    def wait_until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.02)
        self.fail(f"it never happened: {what}\n{self.service.log_tail()}")

    def check_glance_error(self, answer, status, *words):
        self.assertEqual(answer.status, status, getattr(answer, "body", answer))
        error = json.loads(answer.body)
        self.assertTrue(error["code"].startswith(str(status)), error)
        for word in words:
            self.assertIn(word, error["message"])
