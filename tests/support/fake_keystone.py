# SPDX-License-Identifier: Apache-2.0
"""A Keystone that says what a test tells it to: just enough of its v3 API for a service that validates tokens."""
import datetime
import http.server
import json
import socketserver
import ssl
import threading
import time
import urllib.parse
import uuid


def written(moment):
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Token:
    """What a token stands for. `project=None`: it is for none. `expires` seconds from now."""

    def __init__(self, user="user", project="project", roles=("member", "reader"), expires=3600):
        self.user, self.project, self.roles = user, project, roles
        self.expires_at = time.time() + expires

    def document(self, catalog=None):
        token = {"methods": ["password"], "audit_ids": ["x"], "issued_at": written(time.time()),
                 "expires_at": written(self.expires_at),
                 "user": {"id": self.user, "name": self.user, "domain": {"id": "default", "name": "Default"}}}
        if self.project is not None:
            token["project"] = {"id": self.project, "name": self.project, "domain": {"id": "default", "name": "Default"}}
            token["roles"] = [{"id": name, "name": name} for name in self.roles]
        if catalog is not None:
            token["catalog"] = catalog
        return json.dumps({"token": token}).encode()


class FakeKeystone:
    """Listens on a free port until closed. `answer` may be set to a function of the handler that answers a validation
    instead (it returns True when it did)."""

    username, password, project = "sluice", "pass-\u00e4\"word", "service"
    credential_id, credential_secret = "credential-id", "credential-secret"

    def __init__(self, certificate=None, port=0):
        self.tokens = {}
        self.own_tokens = {}
        self.own_life = 3600
        self.catalog = []
        self.answer = None
        self.validations = []        # (token, allow_expired) in the order of their arrival
        self.logins = []             # methods
        self.running = self.most_running = 0
        self.guard = threading.Lock()
        keystone = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                keystone.validate(self)

            def do_POST(self):
                keystone.log_in(self)

            def say(self, status, body=b"", **fields):
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # a client that went away

        self.server = Server(("127.0.0.1", port), Handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/v3"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def issue(self, name=None, **what):
        """A new token; what it stands for as Token has it."""
        name = name or "token-" + uuid.uuid4().hex
        self.tokens[name] = Token(**what)
        return name

    def revoke(self, name):
        del self.tokens[name]

    def asked(self, name):
        """How often Keystone was asked about the token."""
        with self.guard:
            return sum(1 for token, _ in self.validations if token == name)

    def log_in(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        identity = body["auth"]["identity"]
        method = identity["methods"][0]
        with self.guard:
            self.logins.append(method)
        if method == "password":
            user, scope = identity["password"]["user"], body["auth"]["scope"]["project"]
            known = (user["name"], user["password"], user["domain"]["name"], scope["name"], scope["domain"]["name"]) == (
                self.username, self.password, "Default", self.project, "Default")
        else:
            given = identity["application_credential"]
            known = (given["id"], given["secret"]) == (self.credential_id, self.credential_secret)
        if not known or handler.path != "/v3/auth/tokens":
            return handler.say(401, b'{"error": {"code": 401, "title": "Unauthorized"}}')
        name = "own-" + uuid.uuid4().hex
        token = Token("sluice", "service", ("service", "admin"), self.own_life)
        self.own_tokens[name] = token
        handler.say(201, token.document(self.catalog), X_Subject_Token=name)

    def validate(self, handler):
        where = urllib.parse.urlsplit(handler.path)
        query = urllib.parse.parse_qs(where.query, keep_blank_values=True)
        name, own = handler.headers["X-Subject-Token"], handler.headers["X-Auth-Token"]
        allow_expired = query.get("allow_expired") == ["1"]
        with self.guard:
            self.validations.append((name, allow_expired))
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            if self.answer and self.answer(handler):
                return
            if own not in self.own_tokens or self.own_tokens[own].expires_at < time.time():
                return handler.say(401, b'{"error": {"code": 401, "title": "Unauthorized"}}')
            token = self.tokens.get(name)
            if token is None or (token.expires_at < time.time() and not allow_expired):
                return handler.say(404, b'{"error": {"code": 404, "title": "Not Found"}}')
            catalog = None if "nocatalog" in query else self.catalog
            handler.say(200, token.document(catalog), X_Subject_Token=name)
        finally:
            with self.guard:
                self.running -= 1
