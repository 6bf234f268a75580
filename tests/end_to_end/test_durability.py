# SPDX-License-Identifier: Apache-2.0
"""Nothing is lost and nothing is left over: kill -9 at random moments, and the orderly stop.

SLUICE_KILLS says how often the service is killed (100 unless it says otherwise), SLUICE_SEED repeats a run.
"""
import os
import random
import socket
import threading
import time
import unittest

from disk_images import MIB, small_qcow2
from end_to_end_case import EndToEndCase
from service import PATIENCE, Service
from source_server import Source, SourceServer

KILLS = int(os.environ.get("SLUICE_KILLS", "100"))
SEED = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 30)))


class Killed(unittest.TestCase):
    def test_kill_at_random_moments_loses_no_import_and_leaves_no_stray_byte(self):
        """Each round: a few imports, a kill at a random moment, a restart. In the end every accepted import has
        succeeded with the very bytes of its source, and the data directory holds these images and nothing else."""
        chance = random.Random(SEED)
        contents = [small_qcow2(size, seed) for seed, size in enumerate((256 << 10, MIB, 3 * MIB, 6 * MIB), 1)]
        accepted = {}  # import id -> index of its content
        cancelled = set()
        with SourceServer() as sources:
            urls = [sources.add(f"/{index}", Source(content, etag=f'"{index}"', rate=8 * MIB))
                    for index, content in enumerate(contents)]
            service = Service({"imports": {"max_running": 4, "max_running_per_project": 4, "retries": 8,
                                           "max_waiting_per_project": 10000}})
            try:
                for kill in range(KILLS):
                    service.start()
                    stopper = threading.Timer(chance.uniform(0.0, 0.6), service.process.kill)
                    stopper.start()
                    for _ in range(chance.randint(0, 3)):
                        index = chance.randrange(len(urls))
                        try:
                            answer = service.post("/v2/image-imports", {"location": urls[index], "image_properties": {}},
                                                  validate=False)
                        except OSError:
                            break  # killed before it answered: not accepted, may exist all the same
                        self.assertEqual(answer.status, 201, answer)
                        accepted[answer.json["id"]] = index
                        if chance.random() < 0.15:
                            try:
                                if service.delete(f"/v2/image-imports/{answer.json['id']}").status == 204:
                                    cancelled.add(answer.json["id"])
                            except OSError:
                                cancelled.add(answer.json["id"])
                                accepted.pop(answer.json["id"])  # either outcome is right
                                break
                    stopper.join()
                    service.process.wait(PATIENCE)
                    service.process.stdout.close()
                service.start()
                self.settle(service, accepted, cancelled, contents, urls)
                resumed = [request for request in sources.requests() if request.start > 0]
                if KILLS >= 50:
                    self.assertTrue(resumed, "no transfer was ever continued where it had stopped")
                self.assertEqual(service.stop(), 0)
                self.assertEqual(service.files()["staging"], [])
            except Exception:
                print(f"seed {SEED}\n{service.log_tail()}")
                raise
            finally:
                service.__exit__(AssertionError)

    def settle(self, service, accepted, cancelled, contents, urls):
        """Waits until nothing is live, then compares everything that is there with what must be."""
        imports, path = [], "/v2/image-imports?limit=1000"
        while path:
            page = service.get(path).json
            imports += page["image_imports"]
            path = page.get("next")
        self.assertEqual(set(accepted) - {record["id"] for record in imports} - cancelled, set(),
                         f"accepted imports are lost (seed {SEED})")
        images = {}
        for record in imports:
            record = service.wait_for(record["id"], seconds=5 * PATIENCE)
            if record["id"] in cancelled and record["status"] == "failure":
                continue
            self.assertEqual(record["status"], "success", f"seed {SEED}: {record}")
            index = urls.index(record["location"])
            if record["id"] in accepted:
                self.assertEqual(index, accepted[record["id"]])
            image_id = record["image_ref"].rsplit("/", 1)[1]
            images[image_id] = index
        for image_id, index in images.items():
            self.assertTrue(service.image_bytes(image_id) == contents[index],
                            f"image {image_id} is not what its source sent (seed {SEED})")
        self.assertEqual(service.files(), {"staging": [], "images": sorted(images)}, f"stray files (seed {SEED})")
        listed, path = set(), "/v2/images?limit=1000&visibility=all"
        while path:
            page = service.get(path).json
            listed.update(image["id"] for image in page["images"])
            path = page.get("next")
        self.assertEqual(listed, set(images), f"records of images without bytes, or the reverse (seed {SEED})")

    def test_a_half_fetched_import_goes_on_at_its_durable_offset(self):
        content = small_qcow2(24 * MIB)
        with SourceServer() as sources:
            url = sources.add("/disk", Source(content, etag='"disk"', rate=24 * MIB))
            service = Service()
            try:
                service.start()
                import_id = service.start_import(url)["id"]
                self.assertTrue(sources.wait_until(lambda: sum(request.sent for request in sources.log) > 20 * MIB, PATIENCE))
                service.kill()
                service.start()
                record = service.wait_for(import_id)
                self.assertEqual(record["status"], "success", record)
                self.assertTrue(service.image_bytes(record["image_ref"].rsplit("/", 1)[1]) == content)
                later = sources.requests("/disk")[1:]
                self.assertEqual(len(later), 1)
                self.assertGreater(later[0].start, 0, "the whole image was fetched again")
                self.assertLess(later[0].sent, len(content))
                self.assertEqual(later[0].headers.get("if-range"), '"disk"')
                self.assertEqual(service.stop(), 0)
            finally:
                service.__exit__(AssertionError)

    def test_stray_files_are_swept_at_the_start(self):
        service = Service()
        try:
            service.start()
            self.assertEqual(service.stop(), 0)
            for area in ("staging", "images"):
                (service.data_dir / area / "0b2c6c1e-0000-4000-8000-000000000000").write_bytes(b"left over")
            service.start()
            deadline = time.monotonic() + PATIENCE
            while any(service.files().values()) and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(service.files(), {"staging": [], "images": []})
            self.assertEqual(service.stop(), 0)
        finally:
            service.__exit__(AssertionError)


class Stopped(EndToEndCase):
    def test_an_orderly_stop_pauses_imports_and_the_next_start_goes_on(self):
        content = small_qcow2(8 * MIB)
        with SourceServer() as sources:
            url = sources.add("/disk", Source(content, etag='"disk"', rate=8 * MIB))
            service = Service({"imports": {"max_running": 1}})
            try:
                service.start()
                ids = [service.start_import(url)["id"] for _ in range(3)]
                service.wait_for(ids[0], ("uploading",))
                self.assertTrue(sources.wait_until(lambda: sum(request.sent for request in sources.log) > 4 * MIB, PATIENCE))
                self.assertEqual(service.stop(), 0)
                service.start()
                for import_id in ids:
                    record = service.wait_for(import_id)
                    self.assertEqual(record["status"], "success", record)
                    self.assertTrue(service.image_bytes(record["image_ref"].rsplit("/", 1)[1]) == content)
                resumed = [request for request in sources.requests("/disk") if request.start > 0]
                self.assertEqual(len(resumed), 1, "the paused transfer did not continue where it stopped")
                self.assertEqual(service.stop(), 0)
                self.assertEqual(service.files()["staging"], [])
            finally:
                service.__exit__(AssertionError)

    def test_a_read_in_progress_finishes_while_the_service_stops(self):
        content = small_qcow2(32 * MIB)
        with Service() as service, SourceServer() as sources:
            image = service.imported(sources.add("/disk", Source(content)))
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            connection.settimeout(PATIENCE)
            connection.connect((service.host, service.port))
            with connection:
                connection.sendall(f"GET /v2/images/{image['id']}/file HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                chunks = [connection.recv(64 << 10)]
                service.process.terminate()
                # New connections are refused once it stops accepting; the old one goes on.
                deadline = time.monotonic() + PATIENCE
                refused = False
                while not refused and time.monotonic() < deadline:
                    try:
                        socket.create_connection((service.host, service.port), 1).close()
                    except OSError:
                        refused = True
                self.assertTrue(refused, "the service went on accepting")
                while (chunk := connection.recv(1 << 20)):
                    chunks.append(chunk)
            body = b"".join(chunks).split(b"\r\n\r\n", 1)[1]
            self.assertTrue(body == content, f"{len(body)} of {len(content)} bytes came before the service ended")
            self.assertEqual(service.wait(), 0)

    def test_records_survive_any_number_of_restarts(self):
        service = Service()
        try:
            with SourceServer() as sources:
                service.start()
                good = service.imported(sources.add("/disk", Source(small_qcow2())), name="kept", os_distro="debian")
                bad = service.failed(sources.url("/absent"))
            for _ in range(3):
                self.assertEqual(service.stop(), 0)
                service.start()
                self.assertEqual(service.get(f"/v2/images/{good['id']}").json, good)
                self.assertEqual(service.get(f"/v2/image-imports/{bad['id']}").json, bad)
                self.assertEqual(service.image_bytes(good["id"]), small_qcow2())
            self.assertEqual(service.stop(), 0)
        finally:
            service.__exit__(AssertionError)


if __name__ == "__main__":
    unittest.main()
