# SPDX-License-Identifier: Apache-2.0
"""A small Swift with both ways to sign in, answering as the real one was seen to: entity tags without quotes for plain
objects, in quotes for large ones; If-Range ignored, If-Match honoured; a large object whose segment is gone announces
its whole length and then ends early.

    with FakeSwift() as swift:
        swift.put("images", "disk.raw", content)
        ... import f"swift+http://a:alice:secret@{swift.host}/v3/images/disk.raw" ...
        swift.requests("GET", "/v1/AUTH_a/images/disk.raw")      # their headers
"""
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import urllib.parse

ACCOUNT = "AUTH_a"
USERS = {("a", "alice"): "secret"}   # Keystone's
TEMP_USERS = {"test:tester": "testing"}  # Swift's own


class Object:
    """`segments` make it a static large object; None among them is one that is gone."""

    def __init__(self, content=b"", segments=None):
        self.segments = segments
        self.parts = segments if segments else [content]
        self.whole = sum(len(part) if part is not None else 0 for part in self.parts)
        md5 = hashlib.md5(b"".join(part or b"" for part in self.parts)).hexdigest()
        self.etag = f'"{md5}"' if segments else md5

    def lose(self, index):
        """That segment is gone; what was said of the whole stays."""
        self.parts = [None if i == index else part for i, part in enumerate(self.parts)]

    def bytes_until_lost(self):
        content = b""
        for part in self.parts:
            if part is None:
                break
            content += part
        return content


class FakeSwift:
    def __init__(self):
        self.guard = threading.Lock()
        self.objects, self.public, self.tokens, self.log = {}, set(), set(), []
        self.key = "temp-url-key"
        self.cuts = {}            # path -> bytes after which the first answer is cut, once
        self.storage_url = None   # what sign-ins answer; None: the truth
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                owner.answer(self)

            do_POST = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = "127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def put(self, container, name, content=b"", segments=None, public=False):
        path = f"/v1/{ACCOUNT}/{container}/{name}"
        with self.guard:
            self.objects[path] = Object(content, segments)
            if public:
                self.public.add(f"/v1/{ACCOUNT}/{container}")
        return path

    def temporary(self, path, seconds=600):
        """The query of a temporary URL."""
        until = int(time.time()) + seconds
        signature = hmac.new(self.key.encode(), f"GET\n{until}\n{path}".encode(), hashlib.sha256).hexdigest()
        return f"temp_url_sig={signature}&temp_url_expires={until}"

    def requests(self, method, path):
        with self.guard:
            return [headers for asked, where, headers in self.log if (asked, where) == (method, path)]

    def bodies(self):
        with self.guard:
            return [headers["(body)"] for _, _, headers in self.log if "(body)" in headers]

    def answer(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        parts = urllib.parse.urlsplit(request.path)
        path = urllib.parse.unquote(parts.path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if body:
            headers["(body)"] = body
        with self.guard:
            self.log.append((request.command, path, headers))
        if path == "/v3/auth/tokens":
            return self.sign_in_at_keystone(request, body)
        if path == "/auth/v1.0":
            return self.sign_in(request, headers)
        self.read(request, path, urllib.parse.parse_qs(parts.query), headers)

    def say(self, request, status, headers=(), body=b""):
        request.send_response(status)
        for name, value in headers:
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def new_token(self):
        with self.guard:
            token = f"token-{len(self.tokens)}"
            self.tokens.add(token)
        return token

    def where(self):
        return self.storage_url or f"http://{self.host}/v1/{ACCOUNT}"

    def sign_in(self, request, headers):
        if TEMP_USERS.get(headers.get("x-auth-user")) != headers.get("x-auth-key"):
            return self.say(request, 401, body=b"<html>Unauthorized</html>")
        self.say(request, 200, [("X-Storage-Url", self.where()), ("X-Auth-Token", self.new_token())])

    def sign_in_at_keystone(self, request, body):
        asked = json.loads(body)["auth"]
        user, project = asked["identity"]["password"]["user"], asked["scope"]["project"]
        known = USERS.get((project["name"], user["name"])) == user["password"]
        if not known or user["domain"] != {"name": "Default"} or project["domain"] != {"name": "Default"}:
            return self.say(request, 401, body=b'{"error": {"code": 401, "message": "no"}}')
        catalog = [{"type": "identity", "endpoints": []},
                   {"type": "object-store", "endpoints": [{"interface": "public", "url": self.where()}]}]
        self.say(request, 201, [("X-Subject-Token", self.new_token()), ("Vary", "X-Auth-Token")],
                 json.dumps({"token": {"catalog": catalog}}).encode())

    def may_read(self, path, query, headers):
        if "temp_url_sig" in query:
            until = query.get("temp_url_expires", ["0"])[0]
            signature = hmac.new(self.key.encode(), f"GET\n{until}\n{path}".encode(), hashlib.sha256).hexdigest()
            return query["temp_url_sig"][0] == signature and int(until) > time.time()
        return headers.get("x-auth-token") in self.tokens or any(path.startswith(each + "/") for each in self.public)

    def read(self, request, path, query, headers):
        if not self.may_read(path, query, headers):
            return self.say(request, 401, [("WWW-Authenticate", 'Swift realm="a"')], b"<html>Unauthorized</html>")
        found = self.objects.get(path)
        if not found:
            return self.say(request, 404, body=b"<html>Not Found</html>")
        if headers.get("if-match", found.etag) != found.etag:
            return self.say(request, 412)
        first, status = 0, 200
        fields = [("ETag", found.etag), ("Accept-Ranges", "bytes"), ("Content-Type", "application/octet-stream")]
        if found.segments:
            fields.append(("X-Static-Large-Object", "True"))
        if match := re.fullmatch(r"bytes=(\d+)-", headers.get("range", "")):
            first, status = int(match[1]), 206
            fields.append(("Content-Range", f"bytes {first}-{found.whole - 1}/{found.whole}"))
        content = found.bytes_until_lost()[first:]
        with self.guard:
            cut = self.cuts.pop(path, None)
        request.send_response(status)
        for name, value in fields:
            request.send_header(name, value)
        request.send_header("Content-Length", str(found.whole - first))
        request.end_headers()
        request.wfile.write(content[:cut])
        if cut is not None or len(content) != found.whole - first:
            request.close_connection = True
