"""Stands before a MySQL server and does to one packet of a client what a network may do to it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

REFUSED, RESET, STALLED, LOST_ANSWER, COMMIT_LOST = (
    *("refused", "reset", "stalled", "answer lost", "answer to COMMIT lost"),
)
KINDS = (REFUSED, RESET, STALLED, LOST_ANSWER, COMMIT_LOST)


@dataclass
class MysqlProxy:
    """The proxy: which fault it commits, and on which packet that a client sends.

    Parameters
    ----------
    port
        Where it listens.
    fault
        One of `KINDS`; empty for none.
    at
        Number of the packet, from 1, that is the first one to suffer; of a COMMIT, if that is the fault.
    times
        How many suffer from there on.
    stall_s
        How long a stalled connection is kept waiting before it is closed.
    count
        Packets since `begin`.
    committed
        How many suffered.
    """

    port: int = 0
    fault: str = ""
    at: int = 0
    times: int = 1
    stall_s: float = 1.0
    count: int = 0
    committed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, fault: str = "", at: int = 0, times: int = 1) -> None:
        """Count anew, and commit another fault."""
        with self._lock:
            self.fault, self.at, self.times, self.count, self.committed = fault, at, times, 0, 0

    def next_fault(self, packet: bytes) -> str:
        """Count a packet; the fault that it suffers."""
        with self._lock:
            is_commit = b"COMMIT" in packet[4:12].upper()
            if self.fault == COMMIT_LOST and not is_commit:
                return ""
            self.count += 1
            due = self.fault and self.at <= self.count < self.at + self.times
            self.committed += bool(due)
            return self.fault if due else ""

    def refuses(self) -> bool:
        """Whether a new connection is refused."""
        return self.fault == REFUSED and bool(self.next_fault(b""))


@contextmanager
def mysql_proxy(host: str, port: int) -> Iterator[MysqlProxy]:
    """Run a `MysqlProxy` before a server."""
    proxy = MysqlProxy()
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    proxy.port = listening.getsockname()[1]

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            if proxy.refuses():
                _reset(client)
                continue
            server = socket.create_connection((host, port))
            for work in (_to_server, _to_client):
                threading.Thread(target=work, args=(proxy, client, server), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield proxy
    finally:
        listening.close()


def _to_server(proxy: MysqlProxy, client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while packet := _packet(client):
            fault = "" if proxy.fault == REFUSED else proxy.next_fault(packet)
            if fault == RESET:
                _reset(client)
                break
            if fault == STALLED:
                time.sleep(proxy.stall_s)
                break
            if fault in (LOST_ANSWER, COMMIT_LOST):
                _reset(client)  # nobody is there for the answer
                server.sendall(packet)
                time.sleep(0.2)  # the server acts before it sees that we are gone
                break
            server.sendall(packet)
    for one in (client, server):
        with contextlib.suppress(OSError):
            one.close()


def _to_client(_: MysqlProxy, client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := server.recv(1 << 16):
            client.sendall(data)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _packet(client: socket.socket) -> bytes:
    """A packet of the protocol: three bytes of length, one of its number, and so much more."""
    head = _exactly(client, 4)
    return head + _exactly(client, int.from_bytes(head[:3], "little")) if head else b""


def _exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
