"""Every parser is given damaged files, and gives a value or an error that names the file.

Neither takes long or much memory. A parser runs in a process of its own, which is not given more than
`MEMORY` beyond what it has. One that dies of a crash is told by its last input.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import faulthandler
import json
import os
import random
import resource
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from airglow.archive import UnpackLimits, fetch_weather, read_manifest
from airglow.archive.unpack import unpack
from airglow.frames import read_frame
from airglow.model.errors import AirglowError, MachineError
from airglow.night.fitted_file import read_fits
from airglow.pages.records import FORMAT as PAGES
from airglow.pages.records import read_record
from airglow.pipeline.publish import fetch_products, read_index
from airglow.pipeline.states import read_state
from airglow.registry import load_registry
from airglow.registry.configuration import check_config
from airglow.registry.load_overrides import read_overrides
from airglow.registry.yaml_files import read_yaml
from airglow.uploads import NightId, discovery_from_json, read_memory
from airglow.uploads.keys import parse_raw_key
from airglow.uploads.pending import archived_upload
from airglow.uploads.receipt import parse_receipt
from airglow.uploads.refusals import read_refusal
from airglow.weather import read_cloud_file, read_temperature_log
from airglow.weather.tail import last_time

from . import samples
from .mutations import mutated, of_gzip, of_zip
from .table import Tried
from .world import CONFIG, path_of, registry

MEMORY = 200 << 20
LONGEST_S = 1.0  # of the processor
KIND = "damaged files, by parser"
INPUTS = 100_000  # for each parser in a whole run
NIGHT, CHICAGO = samples.NIGHT, ZoneInfo("America/Chicago")
_NAME = NIGHT.name.encode()
LIMITS = UnpackLimits(max_members=50, max_bytes=1 << 20, max_member_bytes=1 << 19)


@dataclass(frozen=True)
class Parser:
    """A parser.

    Parameters
    ----------
    name
        In the table.
    read
        Takes the bytes and an empty directory.
    samples
        Whole files.
    damage
        How they are damaged.
    also
        Files that are tried as they are.
    named
        What an error must hold: the name of the file.
    crashes
        Whether a crash of the process is survived by the workflow (`airglow.frames.apart`).
    """

    name: str
    read: Callable[[bytes, Path], Any]
    samples: Sequence[bytes]
    damage: Callable[[bytes, Sequence[bytes], random.Random], bytes] = mutated
    also: Sequence[bytes] = ()
    named: str = ""
    crashes: bool = False
    slower: int = field(default=1)


def _file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes, Path], Any]:
    """Of a reader of files."""

    def of_bytes(data: bytes, directory: Path) -> Any:
        path = directory / name
        path.write_bytes(data)
        return read(path)

    return of_bytes


def _bucket(data: bytes) -> Any:
    """A bucket in which every object has these bytes."""
    from airglow.store import Store

    def get_object(**_: Any) -> dict[str, Any]:
        return {"ETag": '"of-its-own"', "ContentLength": len(data), "Body": _Body(data)}

    return Store("fuzz", "nowhere", SimpleNamespace(get_object=get_object))


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def iter_chunks(self, _: int) -> Iterator[bytes]:
        if self._data:
            yield self._data


def _index(data: bytes, directory: Path) -> Any:
    """As every reader of an index does: what is in it is looked at, too."""
    value = read_index(_bucket(data).get_json(NIGHT.published_key), NIGHT.published_key)
    fetch_products(_bucket(b""), {**value, "products": []}, directory)
    return [
        (product["tag"], product["name"].split("."), product["key"].split("/"), product["size"] + 1)
        for product in value["products"]
    ], [(tag, outcome["state"], outcome.get("kept")) for tag, outcome in value["outcomes"].items()]


def _late_weather(data: bytes, _: Path) -> Any:
    """What a look at late weather asks of the index of a night."""
    from airglow.store import StoredObject
    from airglow.uploads.keys import cloud_file
    from airglow.uploads.late_weather import _index as index_of
    from airglow.uploads.weather_news import find_news

    index = index_of(_bucket(data), NIGHT)
    file = cloud_file(NIGHT.site, NIGHT.date)
    raw = StoredObject(file.raw_key, 1, "new", dt.datetime.now(dt.UTC))
    return index and find_news(_bucket(b"x"), registry().site(NIGHT.site), NIGHT, index, [(file, raw)])


def _tar(data: bytes, directory: Path) -> Any:
    path = directory / "night.tar.gz"
    path.write_bytes(data)
    unpacked = directory / "unpacked"
    unpacked.mkdir()
    return unpack(path, unpacked, LIMITS)


def _weather_record(data: bytes, directory: Path) -> Any:
    path = directory / "weather.json"
    path.write_bytes(data)
    return fetch_weather(_bucket(b"x"), path, directory / "clouds")


def _mirror(data: bytes, directory: Path) -> Any:
    path = directory / path_of(NIGHT) / "published.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return read_state(_bucket(b"{}"), NIGHT, "published", directory)


def _sites(path: Path) -> Any:
    return load_registry([CONFIG / "sites.yaml", path], CONFIG / "instruments.yaml")


def parsers(whole: bool = True) -> list[Parser]:
    """All of them; without ``whole`` from samples that cost nothing to make."""
    records = samples.records()
    json_also = samples.DEEP_JSON
    encoded = {name: tuple(text.encode() for text in getattr(samples, name)) for name in _TEXTS}
    yaml = partial(Parser, also=samples.ODD_YAML, named=".yaml")
    return [
        Parser(
            "receipt",
            lambda data, _: parse_receipt("R.txt", data, "fpi05_uao_20260429.tar.gz000000"),
            samples.receipts(),
            named="R.txt",
        ),
        Parser("raw key", lambda data, _: parse_raw_key(data.decode("latin-1")), encoded["RAW_KEYS"]),
        Parser(
            "name of a night", lambda data, _: NightId.parse(data.decode("latin-1")), [NIGHT.name.encode()]
        ),
        Parser(
            "cloud file",
            _file("Cloud_uao.txt", lambda path: read_cloud_file(path, CHICAGO)),
            encoded["CLOUDS"],
            named="Cloud_uao",
        ),
        Parser(
            "end of a cloud file",
            lambda data, _: last_time(data, CHICAGO, {NIGHT.date, NIGHT.date.replace(year=2025)}),
            encoded["CLOUDS"],
        ),
        Parser(
            "temperature logger",
            _file("TempL00_uao.txt", lambda path: read_temperature_log(path, CHICAGO)),
            encoded["LOGGERS"],
            named="TempL00",
        ),
        Parser(
            "img",
            lambda data, _: read_frame(Path("UAO_X_20260429_213000_001.img"), data),
            [samples.img()],
            named="UAO_X",
        ),
        Parser(
            "hdf5",
            lambda data, _: read_frame(Path("UAO_X_20260429_213000_001.hdf5"), data),
            [samples.hdf5()],
            named="UAO_X",
            crashes=True,
        ),
        Parser("tar.gz", _tar, samples.archives(), of_gzip, named="night.tar.gz"),
        Parser(
            "manifest",
            lambda data, _: read_manifest(data, "M.json"),
            [samples.manifest()],
            also=json_also,
            named="M.json",
        ),
        Parser(
            "raw objects of a manifest",
            lambda data, _: archived_upload(_bucket(data), NIGHT),
            [samples.manifest()],
            also=json_also,
            named="manifest.json",
        ),
        Parser("index, for late weather", _late_weather, [samples.index()], also=json_also, slower=20),
        Parser("index of products", _index, [samples.index()], also=json_also, named="published.json"),
        Parser(
            "file of fits",
            _file("fitted.npz", read_fits),
            samples.fitted(whole),
            of_zip,
            named="fitted.npz",
        ),
        yaml(
            "configuration",
            _file("config.yaml", lambda path: check_config(read_yaml(path), path)),
            encoded["CONFIG"],
        ),
        yaml("registry", _file("sites.yaml", _sites), encoded["SITES"], slower=50),
        yaml(
            "overrides",
            _file(
                "overrides.yaml",
                lambda path: read_overrides([path], registry().deployments, registry().sites),
            ),
            encoded["OVERRIDES"],
        ),
        Parser(
            "refusal",
            lambda data, _: read_refusal(_bucket(data), NIGHT),
            [records["refusal"]],
            also=json_also,
        ),
        Parser(
            "discovery",
            lambda data, _: discovery_from_json(_bucket(data).get_json("D.json"), "D.json"),
            [records["discovery"]],
            also=json_also,
            named="D.json",
        ),
        Parser(
            "weather record",
            _weather_record,
            [records["weather record"]],
            also=json_also,
            named="weather.json",
        ),
        Parser(
            "memory of discoveries",
            _file("memory.json", lambda path: read_memory(path, _bucket(b""))),
            [records["memory"]],
            also=json_also,
        ),
        Parser("mirror of a sentinel", _mirror, [records["mirror"]], also=json_also),
        Parser(
            "record of the pages",
            lambda data, _: read_record(data, "P.json"),
            [json.dumps({"format": PAGES, "night": NIGHT.name}).encode()],
            also=json_also,
            named="P.json",
        ),
    ]


_TEXTS = ("CLOUDS", "LOGGERS", "RAW_KEYS", "CONFIG", "SITES", "OVERRIDES")


def fuzz(parser: Parser, inputs: int) -> Iterator[Tried]:
    """Give a parser so many damaged files, always the same ones."""
    inputs = max(len(parser.also) + 1, inputs // parser.slower)
    done, problems, crashes = 0, [], 0
    while done < inputs and len(problems) < 5:
        ended, found, signal = _in_child(parser, done, inputs)
        problems += found
        if signal and not parser.crashes:
            problems.append(f"input {ended}: the process died of signal {signal}")
        crashes += bool(signal)
        done = ended + 1 if signal else ended
    silent = tuple(f"{parser.name}: {problem}" for problem in problems)
    for number in range(done):
        yield Tried(KIND, f"{parser.name}, input {number}", silent=silent if number == 0 else ())


def input_of(parser: Parser, number: int) -> bytes:
    """The n-th file that a parser is given."""
    if number < len(parser.also):
        return parser.also[number]
    luck = random.Random(zlib.crc32(parser.name.encode()) + 1_000_003 * number)
    return parser.damage(luck.choice(parser.samples), parser.samples, luck)


def _in_child(parser: Parser, first: int, inputs: int) -> tuple[int, list[str], int]:
    """How far it came, what was wrong, and which signal it died of."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with contextlib.suppress(BaseException), os.fdopen(writing, "w", buffering=1) as pipe:
            _try_all(parser, first, inputs, pipe)
        os._exit(0)
    os.close(writing)
    ended, problems = first, []
    with os.fdopen(reading) as pipe:
        for line in pipe:
            number, _, problem = line.partition(" ")
            ended = int(number)
            if problem.strip():
                problems.append(f"input {ended}: {problem.strip()}")
    _, status = os.waitpid(child, 0)
    return ended, problems, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _try_all(parser: Parser, first: int, inputs: int, pipe: Any) -> None:
    faulthandler.disable()  # a crash is told by its number
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a crash of a library says much
    with tempfile.TemporaryDirectory(dir=_memory_disk()) as directory:
        _try_one(parser, parser.samples[0], Path(directory, "warm"))  # what is loaded once is not counted
        grown = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (grown, grown))
        for number in range(first, inputs):
            pipe.write(f"{number}\n")
            problem = _try_one(parser, input_of(parser, number), Path(directory, str(number)))
            if problem:
                pipe.write(f"{number} {problem}\n")
        pipe.write(f"{inputs}\n")


def _try_one(parser: Parser, data: bytes, directory: Path) -> str:
    """What is wrong with a parser's answer; empty if nothing is."""
    directory.mkdir()
    begun = time.process_time()
    try:
        parser.read(data, directory)
        problem = ""
    except MachineError as error:
        problem = f"called it a fault of the machine: {error}"
    except AirglowError as error:
        problem = "" if parser.named in str(error) else f"the error does not name the file: {error}"
    except MemoryError:
        problem = "wants too much memory"
    except Exception as error:
        problem = f"raised {type(error).__name__}: {error}"
    took = time.process_time() - begun
    if took > LONGEST_S:
        problem = problem or f"took {took:.1f} s"
    _remove(directory)
    return " ".join(problem.split())[:300]


def _remove(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    directory.rmdir()


def _memory_disk() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
