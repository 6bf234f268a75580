# SPDX-License-Identifier: Apache-2.0
"""What is measured, behind one face: Sluice, a Glance-compatible URL, and what an operator would build by hand."""
import json
import pathlib

from feeder import DiyFeeder, GlanceFeeder, SluiceFeeder
from glance_peer import Glance
from harness import Nginx, Sluice, warm


class Service:
    """`file_url` and `record_url` answer GET once `publish` is done; `stored` is the file behind the image where it is on
    this machine; `create` is the URL and body of a POST that begins an import, or None."""

    name = "service"
    headers = ()
    pids = ()
    stored = None
    create = None

    def __init__(self):
        self.pace = None  # bytes a second of each of the four downloads of L2, found once …
        self.paced_as = None  # … or as that service's, so that both are asked for the same

    def feeder(self, count, location, firsts=()):
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class SluiceService(Service):
    def __init__(self, folder, name="Sluice", **settings):
        super().__init__()
        self.name = name
        folder.mkdir(exist_ok=True)
        self.folder, self.settings = folder, settings

    def __enter__(self):
        self.sluice = Sluice(self.folder, **self.settings).__enter__()
        return self

    def __exit__(self, *reason):
        self.sluice.__exit__(*reason)

    def publish(self, location, tiny):
        record = self.sluice.import_now(location, name="served")
        if record["status"] != "success":
            raise SystemExit(f"the image to serve could not be imported: {record}")
        self.record_url = self.sluice.url + record["image_ref"]
        self.file_url = self.record_url + "/file"
        self.stored = self.folder / "data" / "images" / pathlib.PurePath(record["image_ref"]).name
        self.create = (f"{self.sluice.url}/v2/image-imports",
                       json.dumps({"location": tiny, "image_properties": {"name": "bench-create"}}))

    def feeder(self, count, location, firsts=()):
        return SluiceFeeder(count, self.sluice, location, firsts)


class GlanceService(Service):
    """`pid`: of glance-api on this machine, so that its processor time does not count as foreign."""

    def __init__(self, url, token=None, pid=None, name=None):
        super().__init__()
        self.name = name or url
        self.glance = Glance(url, token, pid)
        self.pids = [pid] if pid else []
        self.headers = [f"{key}: {value}" for key, value in self.glance.headers().items()]

    def publish(self, location, tiny):
        image = self.glance.begin_import(location, "served")
        self.glance.wait(image)
        self.served = image
        self.record_url = f"{self.glance.url}/v2/images/{image}"
        self.file_url = self.record_url + "/file"
        self.create = (f"{self.glance.url}/v2/images",
                       json.dumps({"name": "bench-create", "disk_format": "raw", "container_format": "bare"}))

    def feeder(self, count, location, firsts=()):
        return GlanceFeeder(count, self.glance, location, firsts)

    def __exit__(self, *_):
        self.glance = self.glance.another()  # the connection was idle for long, and has been closed
        self.glance.call("DELETE", f"/v2/images/{self.served}")
        while left := self.glance.call("GET", "/v2/images?name=bench-create&limit=100")["images"]:
            for image in left:
                self.glance.call("DELETE", f"/v2/images/{image['id']}")


class DiyService(Service):
    """nginx serves the file, curl and the checksum programs import, under nice 19 and the idle class of ionice."""

    name = "nginx + nice curl"

    def __init__(self, folder, port, served, address="127.0.0.1"):
        super().__init__()
        folder.mkdir(exist_ok=True)
        self.folder, self.port, self.served, self.address = folder, port, served, address

    def __enter__(self):
        self.nginx = Nginx(self.folder, self.port, address=self.address)
        return self

    def __exit__(self, *reason):
        self.nginx.__exit__(*reason)

    def publish(self, location, tiny):
        self.stored = self.folder / "served.raw"
        with open(self.served, "rb") as source, open(self.stored, "wb") as copy:
            while block := source.read(1 << 20):
                copy.write(block)
        (self.folder / "record.json").write_text(json.dumps({"name": "served", "status": "active"}) + " " * 900)
        self.record_url, self.file_url = f"{self.nginx.url}/record.json", f"{self.nginx.url}/served.raw"
        warm(self.stored)

    def feeder(self, count, location, firsts=()):
        return DiyFeeder(count, self.folder, location, firsts)
