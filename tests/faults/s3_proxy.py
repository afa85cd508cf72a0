"""Stands before an S3 server and does to one request what a network or a store may do to it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

STATUSES = (500, 503, 403, 507)
_CODES = {500: "InternalError", 503: "SlowDown", 403: "AccessDenied", 507: "InsufficientStorage"}
# What is done to a request. Of those that reach the server only the answer is touched.
REFUSED, RESET, STALLED, LOST_ANSWER, RESET_ANSWER = (
    "refused",
    "reset",
    "stalled",
    "answer lost",
    "answer reset",
)
TRUNCATED, FLIPPED, FLIPPED_UPLOAD = "answer truncated", "answer flipped", "upload flipped"
KINDS = (
    *(REFUSED, RESET, STALLED, LOST_ANSWER, RESET_ANSWER, TRUNCATED, FLIPPED, FLIPPED_UPLOAD),
    *(f"status {status}" for status in STATUSES),
)


@dataclass
class S3Proxy:
    """The proxy: which fault it commits, on which request, and how often.

    Parameters
    ----------
    url
        Its address.
    fault
        One of `KINDS`; empty for none.
    at
        Number of the request, from 1, that is the first one to suffer; `begin` counts anew.
    times
        How many requests suffer from there on.
    stall_s
        How long a stalled request is kept waiting.
    after_write
        Called after each request that changed the bucket, before its answer; others wait meanwhile.
    count
        Requests since `begin`.
    committed
        Requests that suffered.
    """

    url: str = ""
    fault: str = ""
    at: int = 0
    times: int = 1
    stall_s: float = 1.0
    after_write: Callable[[], None] | None = None
    count: int = 0
    committed: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, fault: str = "", at: int = 0, times: int = 1) -> None:
        """Count anew, and commit another fault."""
        with self._lock:
            self.fault, self.at, self.times, self.count = fault, at, times, 0
            self.committed = []

    def next_fault(self, request: str) -> str:
        """Count a request; the fault that it suffers."""
        with self._lock:
            self.count += 1
            due = self.fault and self.at <= self.count < self.at + self.times
            if due:
                self.committed.append(request)
            return self.fault if due else ""


@contextmanager
def s3_proxy(endpoint_url: str) -> Iterator[S3Proxy]:
    """Run an `S3Proxy` before a server."""
    behind = urlsplit(endpoint_url)
    proxy = S3Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            fault = proxy.next_fault(f"{self.command} {self.path}")
            if fault == REFUSED:
                return self.hang_up(reset=True)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if fault == RESET:
                return self.hang_up(reset=True)
            if fault == STALLED:
                time.sleep(proxy.stall_s)
                return self.hang_up()
            if fault.startswith("status "):
                return self.refuse(int(fault.split()[1]))
            if fault == FLIPPED_UPLOAD:
                body = flipped(body)
            writes = self.command in ("PUT", "POST", "DELETE")
            with proxy._writing if writes and proxy.after_write else contextlib.nullcontext():
                answer, data = self.ask(body)
                if writes and proxy.after_write:
                    proxy.after_write()
            if fault in (LOST_ANSWER, RESET_ANSWER):
                return self.hang_up(reset=fault == RESET_ANSWER)
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            if fault == TRUNCATED:
                self.wfile.write(data[: len(data) // 2])
                return self.hang_up()
            self.wfile.write(flipped(data) if fault == FLIPPED else data)
            return None

        def ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
            connection = http.client.HTTPConnection(behind.hostname, behind.port, timeout=600)
            try:
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "expect")}
                connection.request(self.command, self.path, body or None, headers)
                answer = connection.getresponse()
                return answer, answer.read()
            finally:
                connection.close()

        def refuse(self, status: int) -> None:
            code = _CODES[status]
            text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>by the test</Message></Error>"
            self.send_response_only(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text.encode())

        def hang_up(self, reset: bool = False) -> None:
            self.close_connection = True
            if reset:  # with nothing lingering a close is a reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """A client that was killed hangs up: no news."""

    server = Server(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def flipped(data: bytes) -> bytes:
    """The same with one bit wrong, in the middle."""
    if not data:
        return data
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]
