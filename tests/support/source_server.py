#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A web server whose answers are scripted: the place that test imports come from.

    with SourceServer() as server:
        server.add("/disk.raw", Source(content, etag='"1"', rate=1 << 20))
        ... import server.url("/disk.raw") ...
        server.requests("/disk.raw")        # what was asked, with ranges and the bytes that left

As a program it serves one file until it is stopped, with ranges and a strong validator:

    source_server.py FILE [--rate BYTES_PER_SECOND]       prints the URL
"""
import argparse
import hashlib
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse

SLICE = 64 << 10


class Bytes:
    """Content that is held in memory."""

    def __init__(self, data):
        self.data, self.size = data, len(data)

    def read(self, offset, length):
        return self.data[offset:offset + length]


class File:
    """Content of a file."""

    def __init__(self, path):
        self.path, self.size = path, os.path.getsize(path)
        self.descriptor = os.open(path, os.O_RDONLY)

    def read(self, offset, length):
        return os.pread(self.descriptor, length, offset)


class Repeated:
    """`head` followed by `block` again and again: any size at no cost."""

    def __init__(self, head, block, size):
        self.head, self.block, self.size = head, block, size

    def read(self, offset, length):
        length = min(length, self.size - offset)
        if offset < len(self.head):
            return self.head[offset:offset + length]
        start = (offset - len(self.head)) % len(self.block)
        return self.block[start:start + length]


class Request:
    """One request as it came, and how much of the body left in answer."""

    def __init__(self, method, target, headers):
        self.method, self.target, self.headers = method, target, headers
        self.sent = 0
        self.finished = False
        self.closed_by_client = False

    @property
    def start(self):
        """The first byte asked for: 0 without a Range."""
        match = re.fullmatch(r"bytes=(\d+)-\d*", self.headers.get("range", ""))
        return int(match[1]) if match else 0


class Source:
    """How one path answers. Everything but the content is optional.

    status, headers   the status line and extra headers of every answer
    etag              the validator; a list gives a new one to each request
    ranges            whether Range is honoured (under If-Range when that is sent)
    rate              bytes per second of this path, all connections together
    slice             bytes that are sent at a time
    chunked           Transfer-Encoding: chunked and no length
    cut_after         close the connection after so many bytes of each answer; a list gives one to each request
    stall_after       stop sending after so many bytes, and hold the connection open
    length            a Content-Length that is a lie
    range_shift       answer a Range from so many bytes further on
    first_statuses    statuses of the first requests (transient faults), the usual answer afterwards
    raw               bytes that are sent as they are, in place of an answer
    before_headers    seconds of silence before the answer begins
    """

    def __init__(self, content=b"", *, status=200, headers=None, etag=None, ranges=True, rate=None, slice=SLICE,
                 chunked=False, cut_after=None, stall_after=None, length=None, range_shift=0, first_statuses=(), raw=None,
                 before_headers=0.0):
        self.content = Bytes(content) if isinstance(content, (bytes, bytearray)) else content
        self.status, self.headers, self.etag, self.ranges = status, dict(headers or {}), etag, ranges
        self.rate, self.slice, self.chunked = rate, slice, chunked
        self.cut_after, self.stall_after = cut_after, stall_after
        self.length, self.range_shift, self.raw, self.before_headers = length, range_shift, raw, before_headers
        self.first_statuses = list(first_statuses)
        self.asked = 0
        self.gate = threading.Lock()
        self.next_slice = 0.0

    def pace(self, length):
        """Waits for this path's turn to send `length` bytes."""
        if not self.rate:
            return
        with self.gate:
            now = time.monotonic()
            self.next_slice = max(self.next_slice, now) + length / self.rate
            wait = self.next_slice - now
        time.sleep(wait)


def of_turn(value, turn):
    """Scripts by request: the turn-th of a list (the last one stays), or the value itself."""
    return value[min(turn, len(value) - 1)] if isinstance(value, (list, tuple)) else value


class SourceServer:
    def __init__(self, host="127.0.0.1", port=0, certificate=None, key=None):
        self.host = host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=64)
        self.port = self.listener.getsockname()[1]
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate, key)
        self.sources, self.log, self.guard = {}, [], threading.Lock()
        self.changed = threading.Condition(self.guard)
        self.stopping = False
        self.connections = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stopping = True
        # close() alone does not wake a thread that sits in accept().
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.guard:
            for connection in list(self.connections):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def add(self, path, source):
        self.sources[path] = source
        return self.url(path)

    def url(self, path, host=None):
        host = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def requests(self, path=None):
        with self.guard:
            return [entry for entry in self.log if path is None or entry.target.split("?")[0] == path]

    def wait_until(self, condition, seconds=30):
        """True once condition() holds; looked at after every request and every slice sent."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def accept(self):
        while not self.stopping:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            # A small send buffer: what counts as sent is close to what was received.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SLICE)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with self.guard:
            self.connections.add(connection)
        bare = connection
        try:
            connection.settimeout(60)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            reader = connection.makefile("rb")
            while not self.stopping and self.answer(connection, reader):
                pass
        except (OSError, ValueError):
            pass
        finally:
            with self.guard:
                self.connections.discard(bare)
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def answer(self, connection, reader):
        """Reads one request and answers it; false when the connection is over."""
        line = reader.readline(8192).decode("latin-1").split()
        if len(line) != 3:
            return False
        headers = {}
        while (text := reader.readline(8192).decode("latin-1").strip()):
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        request = Request(line[0], line[1], headers)
        path = line[1].split("?")[0]
        source = self.sources.get(path)
        with self.changed:
            self.log.append(request)
            turn = source.asked if source else 0
            if source:
                source.asked += 1
            self.changed.notify_all()
        try:
            return self.respond(connection, request, source, turn)
        finally:
            with self.changed:
                request.finished = True
                self.changed.notify_all()

    def respond(self, connection, request, source, turn):
        if source is None:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nContent-Type: text/plain\r\n\r\nNot here.")
            return True
        if source.before_headers:
            time.sleep(source.before_headers)
        if source.raw is not None:
            connection.sendall(source.raw)
            return False
        status = source.first_statuses[turn] if turn < len(source.first_statuses) else source.status
        if status >= 300:
            head = [f"HTTP/1.1 {status} Scripted", "Content-Length: 0"]
            head += [f"{name}: {value}" for name, value in source.headers.items()]
            connection.sendall("\r\n".join(head + ["", ""]).encode("latin-1"))
            return True

        content, size, first = source.content, source.content.size, 0
        etag = of_turn(source.etag, turn)
        head = [f"{name}: {value}" for name, value in source.headers.items()]
        if etag:
            head.append(f"ETag: {etag}")
        if source.ranges:
            head.append("Accept-Ranges: bytes")
        wanted = request.headers.get("range") if source.ranges else None
        if wanted and request.headers.get("if-range", etag) == etag:
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
            first = int(match[1]) + source.range_shift
            last = min(int(match[2]) if match[2] else size - 1, size - 1)
            if first > last:
                connection.sendall(f"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{size}\r\n"
                                   "Content-Length: 0\r\n\r\n".encode())
                return True
            status = 206
            head.append(f"Content-Range: bytes {first}-{last}/{size}")
            size = last + 1
        body_length = size - first
        if source.chunked:
            head.append("Transfer-Encoding: chunked")
        else:
            head.append(f"Content-Length: {source.length if source.length is not None else body_length}")
        connection.sendall("\r\n".join([f"HTTP/1.1 {status} OK", *head, "", ""]).encode("latin-1"))
        if request.method == "HEAD":
            return True
        return self.send_body(connection, request, source, content, first, size, turn)

    def send_body(self, connection, request, source, content, offset, end, turn):
        cut, stall = of_turn(source.cut_after, turn), of_turn(source.stall_after, turn)
        while offset < end:
            length = min(source.slice, end - offset)
            for limit in (cut, stall):
                if limit is not None:
                    length = min(length, limit - request.sent)
            if length <= 0:
                if stall is not None and request.sent >= stall:
                    self.hold(connection, request)
                return False
            source.pace(length)
            block = content.read(offset, length)
            try:
                if source.chunked:
                    connection.sendall(b"%x\r\n" % len(block) + block + b"\r\n")
                else:
                    connection.sendall(block)
            except OSError:
                request.closed_by_client = True
                return False
            offset += len(block)
            with self.changed:
                request.sent += len(block)
                self.changed.notify_all()
        if source.chunked:
            connection.sendall(b"0\r\n\r\n")
        return source.length is None and cut is None

    def hold(self, connection, request):
        """Keeps a silent connection until the other end gives up."""
        try:
            while not self.stopping:
                connection.settimeout(0.2)
                try:
                    if not connection.recv(1):
                        break
                except TimeoutError:
                    continue
        except OSError:
            pass
        request.closed_by_client = True


def serve_one_file():
    parser = argparse.ArgumentParser(description="Serves one file over http on the loopback interface.")
    parser.add_argument("file")
    parser.add_argument("--rate", type=int, default=None, help="bytes per second (default: as fast as it goes)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    facts = os.stat(options.file)
    etag = hashlib.sha256(f"{facts.st_ino} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:32]
    with SourceServer() as server:
        path = "/" + urllib.parse.quote(os.path.basename(options.file))
        print(server.add(path, Source(File(options.file), etag=f'"{etag}"', rate=options.rate)), flush=True)
        while True:
            signal.pause()


if __name__ == "__main__":
    serve_one_file()
