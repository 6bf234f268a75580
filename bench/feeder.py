# SPDX-License-Identifier: Apache-2.0
"""Keeps a number of imports going, whatever imports them: as soon as one is done its image is deleted and the next begins.
A thread an import; all of them wait for answers nearly always."""
import os
import pathlib
import signal
import subprocess
import threading
import time


class Feeder:
    """`import_one(stopping, begun)` of a subclass imports once: it calls `begun(cancel)` with what makes the import end
    early, and returns when it is over. Errors are counted and named; the import is tried again."""

    def __init__(self, count, location, firsts=()):
        self.count, self.location, self.firsts = count, location, firsts
        self.past_first = set()
        self.completed, self.errors = 0, {}
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.in_flight = {}
        self.threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        end = time.monotonic() + 60
        while len(self.in_flight) < self.count and time.monotonic() < end:
            time.sleep(0.05)
        if len(self.in_flight) < self.count:
            self.__exit__()
            raise SystemExit(f"only {len(self.in_flight)} of {self.count} imports began: {self.errors}")
        return self

    def __exit__(self, *_):
        self.stopping.set()
        while any(thread.is_alive() for thread in self.threads):
            with self.lock:
                cancels = list(self.in_flight.values())
                self.in_flight.clear()
            for cancel in cancels:
                try:
                    cancel()
                except OSError:
                    pass  # it was over already
            time.sleep(0.02)

    def _work(self, number):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)  # it stands for somebody on another machine

        def begun(cancel):
            with self.lock:
                self.in_flight[number] = cancel

        while not self.stopping.is_set():
            try:
                self.import_one(number, begun)
                self.completed += 1
            except Exception as error:  # whatever it is: it is counted, shown in the results, and tried again
                if not self.stopping.is_set():
                    name = str(error)[:200]
                    self.errors[name] = self.errors.get(name, 0) + 1
                    self.stopping.wait(0.5)
        with self.lock:
            self.in_flight.pop(number, None)

    def location_of(self, number):
        """What to import next. The first of each is one of `firsts`, smaller disks, in turn: what begins together would
        otherwise end together, again and again, and the machine stand idle meanwhile."""
        if not self.firsts or number in self.past_first:
            return self.location
        self.past_first.add(number)
        return self.firsts[number % len(self.firsts)]

    def import_one(self, number, begun):
        raise NotImplementedError


class SluiceFeeder(Feeder):
    def __init__(self, count, sluice, location, firsts=()):
        super().__init__(count, location, firsts)
        self.sluice = sluice

    def _cancel(self, import_id):
        connection = self.sluice.connect()
        self.sluice.call(connection, "DELETE", f"/v2/image-imports/{import_id}")
        connection.close()

    def ended(self, record):
        """Raises when that is not what an import should come to."""
        if record["status"] == "failure":
            raise RuntimeError(record["message"])

    def _finished(self, connection, import_id):
        while True:
            status, record = self.sluice.call(connection, "GET", f"/v2/image-imports/{import_id}",
                                              headers={"Prefer": "wait=30"})
            if status != 200:
                raise RuntimeError(f"status {status}: {record}")
            if record["status"] in ("success", "failure"):
                self.ended(record)
                return record

    def import_one(self, number, begun):
        connection = self.sluice.connect()
        try:
            import_id = self.sluice.submit(connection, self.location_of(number), name="bench")
            begun(lambda: self._cancel(import_id))
            record = self._finished(connection, import_id)
            if "image_ref" in record:
                self.sluice.call(connection, "DELETE", record["image_ref"])
            self.sluice.call(connection, "DELETE", f"/v2/image-imports/{import_id}")
        finally:
            connection.close()


class GlanceFeeder(Feeder):
    """By web-download. An import of Glance cannot be cancelled: at the end those that run are awaited."""

    def __init__(self, count, glance, location, firsts=()):
        super().__init__(count, location, firsts)
        self.glance = glance

    def import_one(self, number, begun):
        session = self.glance.another()
        image = session.begin_import(self.location_of(number))
        begun(lambda: None)
        session.wait(image, every=0.5)
        session.call("DELETE", f"/v2/images/{image}")


class DiyFeeder(Feeder):
    """What an operator would write: curl to a file and two checksums, as polite as nice and ionice make it."""

    def __init__(self, count, folder, location, firsts=()):
        super().__init__(count, location, firsts)
        self.folder = pathlib.Path(folder)

    def import_one(self, number, begun):
        path = self.folder / f"import-{number}"
        script = 'curl -sf -o "$0" "$1" && md5sum "$0" && sha512sum "$0"'
        process = subprocess.Popen(["nice", "-n", "19", "ionice", "-c3", "sh", "-c", script, path, self.location_of(number)],
                                   stdout=subprocess.DEVNULL, process_group=0)
        begun(lambda: os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None)
        status = process.wait()
        path.unlink(missing_ok=True)
        if status:
            raise RuntimeError(f"curl or a checksum ended with status {status}")
