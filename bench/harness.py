# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: Sluice, nginx as a source or a rival, the processor time of processes, and a report."""
import copy
import datetime
import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse

import congestion

ROOT = pathlib.Path(__file__).resolve().parent.parent
GIB, MIB = 1 << 30, 1 << 20
TICKS = os.sysconf("SC_CLK_TCK")


def program(name):
    """A built program: in SLUICE_BUILD_DIR, else where the presets release and bench put it."""
    named = os.environ.get("SLUICE_BUILD_DIR")
    for folder in [pathlib.Path(named)] if named else [ROOT / "build" / "release", ROOT / "build" / "bench"]:
        if os.access(folder / name, os.X_OK):
            return folder / name
    preset = "release" if name == "sluiced" else "bench"
    raise SystemExit(f"{name} is not built: cmake --preset {preset} && cmake --build --preset {preset}")


def working_directory():
    """On a real disk, never in memory: SLUICE_BENCH_DIR, else below build/."""
    base = pathlib.Path(os.environ.get("SLUICE_BENCH_DIR", ROOT / "build"))
    base.mkdir(parents=True, exist_ok=True)
    return pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=base))


class Processes:
    """CPU seconds and memory of a process and its children, from /proc."""

    def __init__(self, pid):
        self.pid = pid

    def family(self):
        pids, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            pids.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    todo += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
            except OSError:
                pass
        return pids

    def cpu_seconds(self):
        total = 0
        for pid in self.family():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / TICKS

    def io(self, name):
        """Of /proc/PID/io: `wchar` counts what sendfile sends as well, `write_bytes` what went to the disk."""
        total = 0
        for pid in self.family():
            try:
                total += int(re.search(rf"^{name}: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text(), re.M)[1])
            except OSError:
                pass
        return total

    def peak_mib(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024

    def own_mib(self):
        """Memory of the process itself, without the pages of files that it has mapped (its records)."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", text)[1]) / 1024

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def toml(settings):
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())


class Sluice:
    """The service in `folder`, on a free port of `address`, allowed to fetch from `networks`. `prefix` is a command that
    runs it (another namespace, another cgroup), `bandwidth` and `imports` are settings of those sections, `more` is text
    behind them all. `headers` go with every request."""

    def __init__(self, folder, prefix=(), environment=None, address="127.0.0.1", networks=("127.0.0.0/8",),
                 bandwidth=None, congestion_control=congestion.USUAL, more="", headers=None, **imports):
        self.folder = folder
        self.headers = dict(headers or {})
        settings = {"max_running": 16, "max_running_per_project": 16, "max_waiting_per_project": 1000, **imports}
        config = folder / "sluice.toml"
        config.write_text(
            f'[http]\nlisten = "{address}:0"\noperator_listen = "{address}:0"\n'
            f'[store]\ndata_dir = "{folder}/data"\n'
            + ("" if address.startswith("127.") else "[auth]\nmode_none_listens_anywhere = true\n")
            + f"[sources]\nports = []\nallow_networks = {json.dumps(list(networks))}\n"
            + "[imports]\n" + toml(settings) + "[bandwidth]\n" + toml(bandwidth or {})
            + "[network]\n" + toml({"congestion_control": congestion_control}) + more)
        self.process = subprocess.Popen(
            [*prefix, program("sluiced"), "--config", config, "--log-level", "warn"], stdout=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})})
        ready = re.match(r"sluiced ready: api (\S+) operator (\S+)", self.process.stdout.readline())
        if not ready:
            raise SystemExit("sluiced did not start; what it said is above")
        self.url, self.operator_url = ready[1], ready[2]
        self.usage = Processes(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def acting_as(self, project):
        """The same service, asked by a project (in mode trusted-headers)."""
        other = copy.copy(self)
        other.headers = {"X-Identity-Status": "Confirmed", "X-Project-Id": project, "X-User-Id": f"user of {project}",
                         "X-Roles": "member"}
        return other

    def connect(self, url=None):
        where = urllib.parse.urlsplit(url or self.url)
        return http.client.HTTPConnection(where.hostname, where.port, timeout=300)

    def call(self, connection, method, path, body=None, headers=None):
        data = json.dumps(body) if body is not None else None
        head = {"Content-Type": "application/json", **self.headers, **(headers or {})}
        connection.request(method, path, data, head)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None

    def submit(self, connection, location, **properties):
        status, record = self.call(connection, "POST", "/v2/image-imports",
                                   {"location": location, "image_properties": properties})
        if status != 201:
            raise SystemExit(f"the import was refused: {record}")
        return record["id"]

    def wait(self, connection, import_id):
        while True:
            _, record = self.call(connection, "GET", f"/v2/image-imports/{import_id}", headers={"Prefer": "wait=30"})
            if record["status"] in ("success", "failure"):
                return record

    def import_now(self, location, **properties):
        connection = self.connect()
        record = self.wait(connection, self.submit(connection, location, **properties))
        connection.close()
        return record


class Nginx:
    """nginx as Debian ships it, serving `root` with sendfile from as many workers as cores. `idle`: with SCHED_IDLE, each worker on
    a processor of its own, for a source that stands for another machine and must not disturb what is measured. `rate`: bytes a second
    of each connection, 0 for as many as it can."""

    def __init__(self, root, port, idle=False, address="127.0.0.1", rate=0):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-nginx-"))
        config = self.folder / "nginx.conf"
        config.write_text(f"""
daemon off; user root; worker_processes auto; {"worker_cpu_affinity auto;" if idle else ""} pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 512; }}
http {{ access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
  client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f;
  uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  limit_rate {rate}; server {{ listen {address}:{port}; root {root}; }} }}""")
        self.url = f"http://{address}:{port}"
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise SystemExit(f"nginx cannot have {address}:{port}: {error}")
        self.process = subprocess.Popen([*(["chrt", "-i", "0"] if idle else []), "nginx", "-c", config])
        self.usage = Processes(self.process.pid)
        for _ in range(200):
            try:
                http.client.HTTPConnection(address, port, timeout=5).connect()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("nginx did not start: apt install nginx-light")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def boot_record(size):
    """The first sector of a disk with one partition, by which it is recognised."""
    sectors, begin = size // 512, 64
    entry = bytes([0x80, 0, 2, 0, 0x83, 0xFE, 0xFF, 0xFF]) + begin.to_bytes(4, "little") + \
        (sectors - begin).to_bytes(4, "little")
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def raw_disk(path, size):
    """A raw disk with one partition, filled with incompressible bytes: nothing is sparse, and nothing of it is still to be
    written. Left to itself the kernel writes it half a minute later, in the midst of what is measured."""
    import random
    block = random.Random(7).randbytes(8 * MIB)
    with open(path, "wb") as out:
        for _ in range(size // len(block)):
            out.write(block)
        out.write(block[:size % len(block)])
        out.seek(0)
        out.write(boot_record(size))
        out.flush()
        os.fsync(out.fileno())
    return path


def warm(path):
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)


def median(values):
    return statistics.median(values)


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {
        "cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
        "congestion_control": congestion.of_others(),
        "commit": commit.stdout.strip(), "date": datetime.date.today().isoformat(),
        "load_before": os.getloadavg()[0],
    }


def report(question, figures, rows):
    """Prints `rows` as a table and writes everything as JSON to build/bench/."""
    about = machine()
    print(f"\n{question}")
    print("  " + ", ".join(f"{k} {v}" for k, v in about.items()))
    width = max(len(name) for name, _, _ in rows)
    for name, value, target in rows:
        print(f"  {name:<{width}}  {value:>16}   {target}")
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")[:48]
    (folder / f"{name}.json").write_text(json.dumps({"question": question, "machine": about, **figures}, indent=1))
