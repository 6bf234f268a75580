# SPDX-License-Identifier: Apache-2.0
"""The API over https: the same answers through it, and nothing for who speaks otherwise."""
import http.client
import pathlib
import socket
import ssl
import subprocess
import tempfile
import unittest

from certificates import Authority
from disk_images import MIB, noise, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Service, build_dir


class Https(EndToEndCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        authority = Authority(folder)
        certificate, key = authority.issue("images", "IP:127.0.0.1")
        cls.config = {"http": {"tls_certificate": certificate, "tls_key": key}}
        cls.tls = ssl.create_default_context(cafile=str(authority.certificate))
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.connection = self.connect()

    def connect(self):
        connection = http.client.HTTPSConnection(self.service.host, self.service.port, timeout=PATIENCE, context=self.tls)
        self.addCleanup(connection.close)
        return connection

    def ask(self, method, path, body=None, **headers):
        self.connection.request(method, path, body=body,
                                headers={name.replace("_", "-"): value for name, value in headers.items()},
                                encode_chunked=body is not None and not isinstance(body, bytes))
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def uploaded(self, content):
        made = b'{"container_format": "bare", "disk_format": "qcow2"}'
        status, headers, _ = self.ask("POST", "/v2/images", made, Content_Type="application/json")
        self.assertEqual(status, 201)
        self.assertTrue(headers["Location"].startswith("https://"), headers["Location"])
        path = "/v2/images/" + headers["Location"].rsplit("/", 1)[1]
        pieces = (content[at:at + 70_001] for at in range(0, len(content), 70_001))
        status, _, body = self.ask("PUT", path + "/file", pieces, Content_Type="application/octet-stream")
        self.assertEqual(status, 204, body)
        return path

    def test_an_image_goes_in_and_comes_out_on_one_connection(self):
        content = small_qcow2(8 * MIB)
        path = self.uploaded(content)
        self.assertEqual(self.ask("GET", path + "/file")[2], content)
        status, headers, part = self.ask("GET", path + "/file", Range=f"bytes={5 * MIB - 3}-{7 * MIB}")
        self.assertEqual((status, part), (206, content[5 * MIB - 3:7 * MIB + 1]))
        self.assertEqual(headers["Content-Range"], f"bytes {5 * MIB - 3}-{7 * MIB}/{len(content)}")
        status, headers, none = self.ask("HEAD", path)
        self.assertEqual((status, none), (200, b""))

    def test_many_read_at_once(self):
        path = self.uploaded(small_qcow2(4 * MIB, 7))
        connections = [self.connect() for _ in range(12)]
        for connection in connections:
            connection.request("GET", path + "/file")
        self.assertEqual({connection.getresponse().read() for connection in connections}, {small_qcow2(4 * MIB, 7)})

    def test_an_import_is_waited_for(self):
        url = self.serve(small_qcow2())
        status, headers, _ = self.ask("POST", "/v2/image-imports", b'{"location": "%s"}' % url.encode(),
                                      Content_Type="application/json")
        self.assertEqual(status, 201)
        path = headers["Location"].removeprefix(self.service.url)
        while b'"success"' not in (answer := self.ask("GET", path, Prefer="wait=5"))[2]:
            self.assertNotIn(b'"failure"', answer[2])

    def test_who_does_not_speak_tls_gets_nothing_and_hurts_nobody(self):
        for words in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + noise(4096), b"\0" * 100):
            with self.subTest(words[:8]), socket.create_connection((self.service.host, self.service.port), PATIENCE) as plain:
                plain.sendall(words)
                plain.shutdown(socket.SHUT_WR)
                received = b""
                try:
                    while piece := plain.recv(4096):
                        received += piece
                except ConnectionResetError:
                    pass
                self.assertNotIn(b"HTTP/1.1 2", received)
        silent = socket.create_connection((self.service.host, self.service.port), PATIENCE)
        self.addCleanup(silent.close)
        self.assertEqual(self.ask("GET", "/versions")[0], 200)

    def test_versions_that_are_broken_are_not_spoken(self):
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection((self.service.host, self.service.port), PATIENCE) as plain:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                old.wrap_socket(plain)

    def test_a_stop_lets_a_reader_finish(self):
        content = small_qcow2(8 * MIB)
        with Service(self.config) as service:
            connection = http.client.HTTPSConnection(service.host, service.port, timeout=PATIENCE, context=self.tls)
            connection.request("POST", "/v2/images", b'{"container_format": "bare", "disk_format": "qcow2"}',
                               {"Content-Type": "application/json"})
            path = connection.getresponse().headers["Location"].removeprefix(service.url) + "/file"
            connection.close()
            connection.request("PUT", path, content, {"Content-Type": "application/octet-stream"})
            self.assertEqual(connection.getresponse().read(), b"")
            connection.request("GET", path)
            answer = connection.getresponse()
            front = answer.read(1000)
            service.process.terminate()
            self.assertEqual(front + answer.read(), content)
            connection.close()
            self.assertEqual(service.wait(), 0)


class Files(unittest.TestCase):
    def check_refused(self, certificate, key, *words):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "sluice.toml"
            file.write_text(f'[http]\nlisten = "127.0.0.1:0"\noperator_listen = "127.0.0.1:0"\ntls_certificate = "{certificate}"\n'
                            f'tls_key = "{key}"\n[store]\ndata_dir = "{folder}/data"\n')
            done = subprocess.run([build_dir() / "sluiced", "--config", file], capture_output=True, text=True, timeout=PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_certificate_without_its_key_stops_the_start(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(folder)
            certificate, key = authority.issue("images", "IP:127.0.0.1")
            _, other = authority.issue("other", "IP:127.0.0.1")
            self.check_refused(certificate, other, "tls_key")
            self.check_refused(certificate, folder + "/absent", "tls_key")
            self.check_refused(folder + "/absent", key, "tls_certificate")
            self.check_refused(key, key, "tls_certificate")
            self.check_refused(certificate, "", "tls_key")


if __name__ == "__main__":
    unittest.main()
