"""Serve files in memory by HTTP, with the faults of crawl servers and a log of requests."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

FAULTS = ("503", "429", "429 at a date", "reset", "short", "stall", "refuse range")


class Request(NamedTuple):
    """One GET as the server saw it."""

    path: str
    range: str | None
    fault: str | None
    status: int
    time: float
    authorization: str | None


class FaultServer(ThreadingHTTPServer):
    """Files by path, on a free port of 127.0.0.1.

    `plans` has for each path the faults of its first requests; those after are served well.
    """

    daemon_threads = True

    def __init__(
        self, files: Mapping[str, bytes], plans: Mapping[str, Sequence[str]], stall: float = 30.0
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.stall = files, stall
        self.plans = {path: list(plan) for path, plan in plans.items()}
        self.delay = 0.0
        self.requests: list[Request] = []
        self.running = self.most = 0
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Write nothing about clients that hang up."""

    def count(self) -> Counter[str]:
        """Return the number of requests of each path."""
        return Counter(request.path for request in self.requests)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultServer

    def log_message(self, *_: object) -> None:
        """The server keeps its own log."""

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.running += 1
            server.most = max(server.most, server.running)
        try:
            time.sleep(server.delay)
            self.answer()
        finally:
            with server.lock:
                server.running -= 1

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        plan = self.server.plans.get(path)
        fault = plan.pop(0) if plan else None
        data = self.server.files.get(path)
        asked = self.headers.get("Range")
        start = 0
        if data is None:
            status = 404
        elif fault == "503":
            status = 503
        elif fault and fault.startswith("429"):
            status = 429
        else:
            if asked and fault != "refuse range":
                start = int(asked.removeprefix("bytes=").partition("-")[0])
            status = 206 if start else 200
        user = self.headers.get("Authorization")
        self.server.requests.append(Request(path, asked, fault, status, time.monotonic(), user))
        if data is None or status in (503, 429):
            wait = formatdate(time.time() + 1, usegmt=True) if fault == "429 at a date" else "1"
            self.refuse(status, wait if status == 429 else None)
        else:
            self.serve(status, data, start, fault)

    def refuse(self, status: int, retry_after: str | None) -> None:
        self.send_response(status)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def serve(self, status: int, data: bytes, start: int, fault: str | None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", f'"{len(data)}"')
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        cut = start + (len(data) - start) // 2
        broken = fault in ("reset", "short", "stall")
        self.wfile.write(data[start : cut if broken else len(data)])
        self.wfile.flush()
        if fault == "stall":
            self.server.stopped.wait(self.server.stall)
        if fault == "reset":  # a RST instead of a FIN
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if broken:
            self.close_connection = True
            self.connection.close()


def make_plans(paths: Sequence[str], seed: int, most: int = 3) -> dict[str, list[str]]:
    """Return up to `most` random faults for each path; a stall is rare, as it takes long."""
    chance = random.Random(seed)
    weights = [1 if fault == "stall" else 5 for fault in FAULTS]
    return {path: chance.choices(FAULTS, weights, k=chance.randint(0, most)) for path in paths}


@contextmanager
def serving(
    files: Mapping[str, bytes],
    plans: Mapping[str, Sequence[str]] | None = None,
    stall: float = 30.0,
) -> Iterator[FaultServer]:
    """Serve `files` while the block runs."""
    server = FaultServer(files, plans or {}, stall)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
