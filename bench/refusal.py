#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How much of a 4 GiB video is received before it is refused? Counted twice: what Sluice says it has read, and what the
source could push into the connection (which includes both kernels' socket buffers)."""
import json
import shutil
import socket
import threading

from harness import GIB, MIB, Sluice, report, working_directory

pushed = []


def source(listener):
    connection, _ = listener.accept()
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 128 * 1024)
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 * GIB))
        sent, chunk = 0, b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(range(256)) * 256
        try:
            while sent < 4 * GIB:
                sent += connection.send(chunk[sent % len(chunk):] if sent < len(chunk) else chunk[32:])
        except OSError:
            pass
        pushed.append(sent)


folder = working_directory()
try:
    with socket.create_server(("127.0.0.1", 0)) as listener, Sluice(folder) as sluice:
        thread = threading.Thread(target=source, args=(listener,))
        thread.start()
        record = sluice.import_now(f"http://127.0.0.1:{listener.getsockname()[1]}/video.mp4")
        thread.join()
    if record["status"] != "failure":
        raise SystemExit(f"a video was accepted: {json.dumps(record)}")
    report("refusal of a 4 GiB video", {"pushed_bytes": pushed, "record": record}, [
        ("pushed by the source, KiB", f"{pushed[0] / 1024:.0f}", "target <= 1024"),
        ("why", record["error"]["code"], record["message"][:60])])
finally:
    shutil.rmtree(folder, ignore_errors=True)
