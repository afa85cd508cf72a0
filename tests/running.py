"""The workflow as an operator runs it: a clone, ``snakemake``, and servers whose requests are counted."""

from __future__ import annotations

import datetime as dt
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from airglow.demo.servers import MariadbServer, S3Server
from airglow.registry.configuration import DIRECTORY_VARIABLE
from airglow.store import Store, open_store, settings_from_environment

ROOT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
OF_A_CLONE = ("workflow", "config", "profiles", "hourly", "environment.yml")
TIMEOUT_S = 1200  # a run takes a minute on a quiet machine, and far longer on a busy one


@dataclass
class Ran:
    """How a run ended."""

    code: int
    text: str  # standard output and standard error


@dataclass
class Clone:
    """A clone of this repository, with an environment."""

    directory: Path
    environment: dict[str, str]

    def start(self, *arguments: str, **more: str) -> subprocess.Popen:
        """Start ``snakemake`` in the root of the clone, in a process group of its own."""
        return subprocess.Popen(
            [str(SNAKEMAKE), *arguments],
            cwd=self.directory,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **more: str) -> Ran:
        """Run ``snakemake`` to its end."""
        process = self.start(*arguments, **more)
        try:
            text, _ = process.communicate(timeout=TIMEOUT_S)
        finally:
            if process.poll() is None:
                kill_all(process)
        return Ran(process.returncode, text)

    def start_airglow(self, *arguments: str, **more: str) -> subprocess.Popen:
        """Start ``airglow run`` in the root of the clone, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "airglow", "run", "--workflow", ".", *arguments],
            cwd=self.directory,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def airglow(self, *arguments: str, **more: str) -> Ran:
        """Run ``airglow run`` to its end."""
        process = self.start_airglow(*arguments, **more)
        try:
            text, _ = process.communicate(timeout=TIMEOUT_S)
        finally:
            if process.poll() is None:
                kill_all(process)
        return Ran(process.returncode, text)

    def configure(self, section: str, **values: object) -> None:
        """Change values by the ``config/config.yaml`` of the clone, which it lacks at first."""
        path = self.directory / "config/config.yaml"
        config = yaml.safe_load(path.read_text()) if path.exists() else {}
        config.setdefault(section, {}).update(values)
        path.write_text(yaml.safe_dump(config))

    def hourly(self, *arguments: str, **more: str) -> Ran:
        """``snakemake --profile hourly``, word for word."""
        return self.run("--profile", "hourly", *arguments, **more)


def clone(directory: Path, environment: dict[str, str] | None = None, tree: Path = ROOT) -> Clone:
    """Make a clone: a copy of what the workflow of a tree consists of, without any state."""
    directory.mkdir(parents=True)
    for name in OF_A_CLONE:
        source = tree / name
        if source.is_symlink():
            (directory / name).symlink_to(os.readlink(source))
        elif source.is_dir():
            shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, directory / name)
    foreign = ("AWS_", "MYSQL_", "SNAKEMAKE_", "AIRGLOW_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    of_operator = directory / "etc"  # not the /etc/airglow of this machine
    of_operator.mkdir()
    return Clone(directory, {**kept, DIRECTORY_VARIABLE: str(of_operator), **(environment or {})})


def surroundings(endpoint_url: str, bucket: str, s3: S3Server, mariadb: MariadbServer, database: str) -> dict:
    """The environment that an operator sets."""
    return {
        **s3.environment(bucket),
        "AWS_S3_ENDPOINT_URL": endpoint_url,
        **mariadb.environment(database),
        "RESULTS_PATH": "results",
        "SUMMARY_IMAGES_PATH": "summaryimages",
        "MADRIGAL_PATH": "madrigal/fpi",
    }


def new_place(s3: S3Server, mariadb: MariadbServer) -> tuple[Store, str]:
    """A bucket and a database of their own."""
    name = f"run_{uuid.uuid4().hex[:12]}"
    bucket = name.replace("_", "-")
    s3.create_bucket(bucket)
    mariadb.create_database(name)
    return open_store(settings_from_environment(s3.environment(bucket))), name


def upload(store: Store, directory: Path, leave_out: str = "") -> None:
    """Put files into ``raw/``, all but one."""
    for path in sorted(directory.iterdir()):
        if path.name != leave_out:
            store.put_file(f"raw/{path.name}", path)


def everything(store: Store) -> dict[str, tuple[str, str]]:
    """The whole bucket: ETag and time of each object."""
    return {found.key: (found.etag, found.modified.isoformat()) for found in store.list("")}


def kill_all(process: subprocess.Popen) -> None:
    """kill -9 a run and all that it started, as a power cut does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@dataclass
class Front:
    """Stands before an S3 server, counts what is asked, and can act in the middle of it."""

    url: str
    requests: list[tuple[str, str]] = field(default_factory=list)  # method, path with query
    held: dict[str, threading.Event] = field(default_factory=dict)
    damage: Callable[[str, bytes], bytes] | None = None  # path, answer to a GET: what arrives of it
    _traps: list[tuple[str, str, int, Callable[[], None]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def when(self, method: str, path_part: str, number: int, act: Callable[[], None]) -> None:
        """Do something once, in place of passing on the n-th request of a kind: that one is lost."""
        with self._lock:
            self._traps.append((method, path_part, number, act))

    def hold(self, method: str, path_part: str) -> threading.Event:
        """Let requests of a kind wait until the event is set."""
        event = self.held[f"{method} {path_part}"] = threading.Event()
        return event

    def seen(self, method: str, path: str) -> bool:
        """Count a request, and act if it was waited for; says whether to pass it on."""
        due = []
        with self._lock:
            self.requests.append((method, path))
            waiting = []
            for wanted, part, number, act in self._traps:
                number -= wanted == method and part in path
                if number:
                    waiting.append((wanted, part, number, act))
                else:
                    due.append(act)
            self._traps = waiting
        for act in due:
            act()
        if due:
            return False
        for kind, event in list(self.held.items()):
            wanted, part = kind.split(" ", 1)
            if wanted == method and part in path:
                event.wait(TIMEOUT_S)
        return True

    def forget(self) -> None:
        """Begin to count anew, and wait for nothing any more."""
        for event in self.held.values():
            event.set()
        self.held.clear()
        self.damage = None
        with self._lock:
            self.requests.clear()
            self._traps.clear()


def later(stamp: str, seconds: float) -> str:
    """A time of an HTTP header or of a listing, as a clock that is ahead would have it."""
    if stamp.endswith("GMT"):
        moment = parsedate_to_datetime(stamp) + dt.timedelta(seconds=seconds)
        return format_datetime(moment, usegmt=True)
    moment = dt.datetime.fromisoformat(stamp) + dt.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


@contextmanager
def front(endpoint_url: str, ahead_s: float = 0.0, knows_if_match: bool = True) -> Iterator[Front]:
    """Run a `Front` before a server, whose clock then seems to be ahead by so many seconds.

    One that does not know If-Match deletes without it, as the S3 front of Ceph 16 does.
    """
    behind = urlsplit(endpoint_url)
    made: list[Front] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not made[0].seen(self.command, self.path):
                self.close_connection = True
                return
            connection = http.client.HTTPConnection(behind.hostname, behind.port, timeout=TIMEOUT_S)
            try:
                left_out = {"host", "expect"}
                if self.command == "DELETE" and not knows_if_match:
                    left_out.add("if-match")
                headers = {k: v for k, v in self.headers.items() if k.lower() not in left_out}
                connection.request(self.command, self.path, body or None, headers)
                answer = connection.getresponse()
                data = re.sub(
                    rb"(?<=<LastModified>)[^<]+",
                    lambda found: later(found[0].decode(), ahead_s).encode(),
                    answer.read(),
                )
            finally:
                connection.close()
            if made[0].damage and self.command == "GET":
                data = made[0].damage(self.path, data)
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() == "last-modified":
                    value = later(value, ahead_s)
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that was killed hangs up: no news."""

    server = Server(("127.0.0.1", 0), Handler)
    made.append(Front(f"http://127.0.0.1:{server.server_address[1]}"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made[0]
    finally:
        server.shutdown()
        server.server_close()
