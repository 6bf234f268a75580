# SPDX-License-Identifier: Apache-2.0
"""Debian's Keystone on a free port of this machine, with a few projects and people in it, thrown away at the end."""
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

REGION = "RegionOne"
PATIENCE = 120  # seconds: Debian's Keystone takes its time to load
# name: (project, roles). `member` implies `reader`, as Keystone's bootstrap has it.
PEOPLE = {
    "admin": ("admin", ["admin"]),
    "alice": ("a", ["member"]),
    "bob": ("b", ["member"]),
    "carol": ("a", ["reader"]),
    "dave": ("a", ["auditor"]),  # a role of the operator's own, which no rule names
    "sluice": ("service", ["service"]),
    "nova": ("service", ["service"]),
    "cinder": ("service", ["service"]),
}


def password_of(name):
    return f"{name}-secret"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RealKeystone:
    """`with RealKeystone() as keystone:`; `keystone.url` ends with /v3."""

    def __init__(self, token_life=14400):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-keystone-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v3"
        self.token_life = token_life
        self.process = None
        self.projects = {}

    def __enter__(self):
        try:
            self.prepare()
            self.serve()
            self.seed()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.folder.glob("*.log")))

    def prepare(self):
        keys = {name: self.folder / name for name in ("fernet", "credential")}
        for folder in (*keys.values(), self.folder / "policy.d"):
            folder.mkdir(mode=0o700)
        self.config = self.folder / "keystone.conf"
        self.config.write_text(f"""[DEFAULT]
log_file = {self.folder}/keystone.log
[database]
connection = sqlite:///{self.folder}/keystone.db
sqlite_synchronous = false
[token]
provider = fernet
expiration = {self.token_life}
[fernet_tokens]
key_repository = {keys["fernet"]}
[fernet_receipts]
key_repository = {keys["fernet"]}
[credential]
key_repository = {keys["credential"]}
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
[oslo_policy]
policy_dirs = {self.folder}/policy.d
""")
        me, group = os.environ.get("USER", "root"), str(os.getgid())
        owner = ("--keystone-user", me, "--keystone-group", group) if os.geteuid() == 0 else ()
        self.manage("db_sync")
        # With the journal beside the database, a read in the same request does not block its own write.
        sqlite3.connect(self.folder / "keystone.db").execute("PRAGMA journal_mode=WAL").fetchone()
        self.manage("fernet_setup", *owner)
        self.manage("credential_setup", *owner)
        self.manage("bootstrap", "--bootstrap-password", password_of("admin"), "--bootstrap-region-id", REGION,
                    *(word for kind in ("admin", "public", "internal") for word in (f"--bootstrap-{kind}-url", self.url)))

    def manage(self, *words):
        done = subprocess.run(["keystone-manage", "--config-file", self.config, *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"keystone-manage {words[0]} failed:\n{done.stderr[-3000:]}")

    def serve(self):
        # One process with one thread: the cache in its memory is then the only one, and SQLite has one writer.
        with open(self.folder / "uwsgi.log", "wb") as log:
            self.process = subprocess.Popen(
                ["uwsgi-core", "--plugins", "python3", "--http-socket", f"127.0.0.1:{self.port}", "--wsgi-file",
                 shutil.which("keystone-wsgi-public"), "--master", "--processes", "1", "--lazy-apps", "--need-app",
                 "--die-on-term", "--buffer-size", "65535", "--disable-logging", "--add-header", "Connection: close"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "OS_KEYSTONE_CONFIG_FILES": str(self.config)})
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(self.url, timeout=60).read()
                return
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"Keystone does not answer:\n{self.log()}") from None
                time.sleep(0.2)

    # Through Keystone's own API

    def session(self, name, project=True):
        from keystoneauth1.identity import v3
        from keystoneauth1.session import Session
        scope = {"project_name": PEOPLE[name][0], "project_domain_id": "default"} if project else {"unscoped": True}
        return Session(auth=v3.Password(auth_url=self.url, username=name, password=password_of(name),
                                        user_domain_id="default", **scope))

    def client(self, name="admin"):
        from keystoneclient.v3 import client
        return client.Client(session=self.session(name), interface="public", region_name=REGION)

    def seed(self):
        keystone = self.client()
        roles = {role.name: role for role in keystone.roles.list()}
        for name in {role for _, wanted in PEOPLE.values() for role in wanted} - set(roles):
            roles[name] = keystone.roles.create(name)
        projects = {project.name: project for project in keystone.projects.list(domain="default")}
        for name in sorted({project for project, _ in PEOPLE.values()} - set(projects)):
            projects[name] = keystone.projects.create(name, domain="default")
        self.projects = {name: project.id for name, project in projects.items()}
        for name, (project, wanted) in PEOPLE.items():
            if name == "admin":
                continue
            user = keystone.users.create(name, domain="default", password=password_of(name),
                                         default_project=projects[project])
            for role in wanted:
                keystone.roles.grant(roles[role], user=user, project=projects[project])

    def register(self, kind, name, url):
        """Puts a service into the catalog, or its new address."""
        keystone = self.client()
        known = [service for service in keystone.services.list() if service.type == kind]
        service = known[0] if known else keystone.services.create(name, kind)
        for interface in ("public", "internal", "admin"):
            there = keystone.endpoints.list(service=service, interface=interface)
            if there:
                keystone.endpoints.update(there[0], url=url)
            else:
                keystone.endpoints.create(service, url, interface=interface, region=REGION)

    def token(self, name, project=True):
        return self.session(name, project).get_token()

    def service_user(self, name):
        """The section by which Nova and Cinder send a token of their own beside the user's."""
        return f"""[service_user]
send_service_user_token = true
auth_type = password
auth_url = {self.url}
username = {name}
password = {password_of(name)}
user_domain_name = Default
project_name = {PEOPLE[name][0]}
project_domain_name = Default
"""

    def environment(self, name):
        """What the command lines want to know."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        return {**kept, "OS_AUTH_URL": self.url, "OS_IDENTITY_API_VERSION": "3", "OS_IMAGE_API_VERSION": "2",
                "OS_REGION_NAME": REGION, "OS_USER_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_ID": "default",
                "OS_USERNAME": name, "OS_PASSWORD": password_of(name), "OS_PROJECT_NAME": PEOPLE[name][0]}
