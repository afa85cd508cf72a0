"""A bucket, a database and a disk of their own, an hourly run in this process, and what sites have sent.

The analysis is replaced by a result that only depends on what goes into it: all else is the workflow's own.
"""

from __future__ import annotations

import datetime as dt
import gzip
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pymysql

from airglow.archive import UnpackLimits, cleanup_weather, criteria, with_uploads
from airglow.catalogue import DatabaseSettings, connect, migrate, settings_from_environment
from airglow.demo.servers import MariadbServer, S3Server
from airglow.model.errors import AirglowError, RefusedUpload
from airglow.model.products import local_name
from airglow.pages.night import publish_night_page
from airglow.pages.settings import PagesSettings
from airglow.pipeline import whole_night
from airglow.pipeline.healing import heal_bucket
from airglow.pipeline.publish import ProductPrefixes
from airglow.pipeline.refresh import renew_night
from airglow.pipeline.versions import versions_of
from airglow.pipeline.whole_night import Surroundings, process_night
from airglow.pipeline.workspace import OUTCOME
from airglow.products import write_kinds
from airglow.registry import Registry, load_config, load_registry
from airglow.store import Store, guard_of, hash_file, json_bytes, open_store
from airglow.store import settings_from_environment as store_settings
from airglow.uploads import (
    Discovery,
    NightId,
    ScanSettings,
    scan,
    take_up,
)

from .checker import Bucket, Upload, Violation, archived_manifest, read_rows, upload_of, violations

try:
    from tests.results import SITES, example_result
    from tests.uploading import CONFIG, cloud_lines, cut, pack, part_key, receipt
except ModuleNotFoundError:  # started by pytest, to which tests/ is the root
    from results import SITES, example_result
    from uploading import CONFIG, cloud_lines, cut, pack, part_key, receipt

PREFIXES = ProductPrefixes("results", "images", "madrigal")
TABLES = ("fpi_night", "fpi_load", "DataSet")


@cache
def registry() -> Registry:
    """The network's."""
    return load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")


@cache
def config() -> Mapping[str, Any]:
    """As it comes, but for waiting: a fault that lasts is to be seen soon."""
    made = load_config(CONFIG / "config.yaml")
    return {**made, "database": {**made["database"], "attempts": 2}}


@dataclass
class World:
    """Everything that a run meets.

    Parameters
    ----------
    store
        The bucket, directly.
    database
        The database, directly.
    root
        A disk.
    through
        The bucket as the run sees it, if that is another way.
    through_database
        The database as the run sees it, if that is another way.
    uploads
        What must not be lost: the latest whole upload of each night, and every one that was archived.
    seen
        What did not hold, whenever that was looked at.
    with_pages
        Whether nights get a page.
    settings
        Of the analysis: products of others differ.
    """

    store: Store
    database: DatabaseSettings
    root: Path
    through: Store | None = None
    through_database: DatabaseSettings | None = None
    uploads: list[Upload] = field(default_factory=list)
    seen: list[Violation] = field(default_factory=list)
    with_pages: bool = True
    settings: str = ""
    bucket: Bucket = field(init=False)
    _connection: pymysql.connections.Connection | None = None

    def __post_init__(self) -> None:
        self.bucket = Bucket(self.store.client, self.store.bucket)

    @property
    def connection(self) -> pymysql.connections.Connection:
        """A connection of the checker's own."""
        if self._connection is None:
            self._connection = connect(self.database)
        return self._connection

    def around(self) -> Surroundings:
        """What `process_night` is given."""
        pages = PagesSettings(**config()["pages"])
        return Surroundings(
            self.through or self.store,
            registry(),
            config(),
            PREFIXES,
            self.through_database or self.database,
            self.root / "work",
            self.root / "results",
            (lambda store, index, results: publish_night_page(store, pages, index, results))
            if self.with_pages
            else None,
        )

    def check(self) -> list[Violation]:
        """Look at everything now; what does not hold is also added to ``seen``."""
        self.bucket.look()
        found = violations(self.bucket, read_rows(self.connection), self.uploads)
        self.seen += found
        return found

    def begin_upload(self, night: NightId) -> None:
        """Somebody is about to send a night again: what was not archived is theirs to give up."""
        self.bucket.look()
        path = path_of(night)
        self.uploads = [
            replace(upload, is_replaced=True) if upload.path == path else upload
            for upload in self.uploads
            if upload.path != path or archived_manifest(self.bucket, upload)
        ]

    def send(
        self,
        night: NightId,
        files: Mapping[str, bytes],
        parts: int = 2,
        clouds: bool = True,
        is_whole: bool = True,
    ) -> Upload:
        """Upload a night; if it is not whole, without its first part. Only a whole one is owed."""
        self.begin_upload(night)
        upload, data = packed(night, files, parts)
        old = {found.key for found in self.store.list(night.raw_prefix)}
        missing = set() if is_whole else {min(data)}
        for key in old - data.keys() | old & missing:
            self.store.delete(key)
        for key, content in data.items():
            if key not in missing:
                self.store.put_bytes(key, content)
        if is_whole:
            self.uploads.append(upload)
        if clouds:
            self.send_clouds(night)
        return upload

    def send_clouds(self, night: NightId, until: str = "23:59:59") -> None:
        """Upload the cloud file of a night's first date."""
        key = f"raw/Cloud_{night.site}_{night.day}.txt"
        self.store.put_bytes(key, cloud_lines(night.date, until))

    def clear(self) -> None:
        """Empty bucket, database and disk."""
        keys = [{"Key": found.key} for found in self.store.list("")]
        for first in range(0, len(keys), 500):
            self.store.client.delete_objects(
                Bucket=self.store.bucket, Delete={"Objects": keys[first : first + 500], "Quiet": True}
            )
        self.connection.rollback()
        with self.connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table}")
        self.connection.commit()
        shutil.rmtree(self.root, ignore_errors=True)
        self.uploads, self.seen = [], []


def new_world(s3: S3Server, mariadb: MariadbServer, root: Path, **more: Any) -> World:
    """A bucket and a database with its tables, all empty."""
    name = f"faults_{uuid.uuid4().hex[:12]}"
    bucket = name.replace("_", "-")
    s3.create_bucket(bucket)
    mariadb.create_database(name)
    database = settings_from_environment(mariadb.environment(name))
    with connect(database) as connection:
        migrate(connection)
    return World(open_store(store_settings(s3.environment(bucket))), database, root, **more)


@dataclass(frozen=True)
class Ran:
    """What came of an hourly run: what it found, and the error of each night that failed."""

    found: Discovery | None
    failed: Mapping[str, Exception]

    @property
    def is_quiet(self) -> bool:
        """Whether there was nothing to do and nothing went wrong."""
        return self.found is not None and not self.found.wanted and not self.failed


def hour(
    world: World,
    settings: ScanSettings | None = None,
    now: dt.datetime | None = None,
    before: Callable[[NightId], None] | None = None,
) -> Ran:
    """What an hourly run does, night by night. It survives what a step of the workflow puts on record."""
    around = world.around()
    limits = criteria(UnpackLimits.from_settings(around.config["archive"]))
    failed: dict[str, Exception] = {}
    store, work = around.store, around.work
    versions = versions_of(around.config, around.registry)
    try:
        found = scan(store, around.registry, settings, now, limits, versions=versions)
        take_up(store, found, versions)
        found = heal_bucket(store, found, work, _say_nothing, around.config["archive"])
    except AirglowError as error:
        return Ran(None, {"discovery": error})
    with analysis_replaced(world.settings):
        for report in found.wanted:
            if report.changed:
                shutil.rmtree(report.night.below(around.work), ignore_errors=True)
            if before:
                before(report.night)
            try:
                work_on = renew_night if report.refresh else process_night
                work_on(report.night, around)
            except RefusedUpload:
                pass  # on record in the bucket
            except (AirglowError, OSError) as error:
                failed[report.night.name] = error
    for day in found.weather_leftovers:
        try:
            guard = guard_of(store, around.config["archive"], work)
            cleanup_weather(store, around.registry, day.site, day.date, guard)
        except AirglowError as error:
            failed[f"{day.site}_{day.date:%Y%m%d}"] = error
    return Ran(found, failed)


def _say_nothing(_: str) -> None:
    """To nobody."""


def hours_until_quiet(world: World, most: int = 4, **more: Any) -> list[Ran]:
    """Hourly runs until there is nothing to do, at most so many."""
    ran = []
    while len(ran) < most and not (ran and ran[-1].is_quiet):
        ran.append(hour(world, **more))
    return ran


@contextmanager
def analysis_replaced(settings: str = "") -> Iterator[None]:
    """Let a night's analysis be a result of its name, with a log of what went in."""
    real = whole_night._analyse
    whole_night._analyse = partial(_stand_in, settings)
    try:
        yield
    finally:
        whole_night._analyse = real


def _stand_in(
    settings: str,
    night: NightId,
    tag: str,
    around: Surroundings,
    manifest: Any,
    frames: Path,
    clouds: Path,
    record: Mapping[str, Any],
) -> tuple[dict[str, Any], list[Path]]:
    folder = night.below(around.results) / tag
    folder.mkdir(parents=True, exist_ok=True)
    netcdf, log = (folder / local_name(kind) for kind in ("netcdf", "log"))
    netcdf.write_bytes(_netcdf(night, tag))
    hashes = {path.name: hash_file(path) for path in sorted(clouds.glob("*.txt"))}
    weather = [{"name": name, "size": one.size, "sha256": one.sha256} for name, one in hashes.items()]
    names = sorted(path.name for path in frames.iterdir())
    log.write_bytes(json_bytes({"frames": names, "settings": settings, "weather": weather}))
    outcome = {
        **{"instrument": night.instrument, "site": night.site, "date": night.day, "tag": tag},
        **{"state": "analysed", "reason": "", "products": [], "analysis_s": 0.1, "rejections": []},
        **{"weather": with_uploads(weather, record), "manifest_sha256": manifest.sha256},
    }
    (folder / OUTCOME).write_bytes(json_bytes(outcome))
    return outcome, [netcdf, log]


@cache
def _netcdf(night: NightId, tag: str) -> bytes:
    """A small result as a file."""
    import tempfile

    result = example_result(6, 2, instrument=night.instrument, site="uao", date=night.date, tag=tag, annuli=5)
    site = registry().site(night.site)
    if night.site not in SITES:
        result = replace(result, site_name=site.name)
    result = replace(result, site=night.site)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "night.nc")
        write_kinds(result, {"netcdf": path})
        return path.read_bytes()


def path_of(night: NightId) -> str:
    """``instrument/site/year/date``."""
    return f"{night.instrument}/{night.site}/{night.date:%Y}/{night.day}"


def packed(night: NightId, files: Mapping[str, bytes], parts: int) -> tuple[Upload, dict[str, bytes]]:
    """An upload, and its objects by key: parts first, the receipt last."""
    archive = gzip.compress(gzip.decompress(pack(dict(files))), mtime=0)  # the same bytes every time
    pieces = {part_key(night, number): piece for number, piece in enumerate(cut(archive, parts))}
    made_at = f"{night.date + dt.timedelta(days=1)} 04:45:07.123456"
    of_receipt = (night.receipt_key, receipt(night, len(pieces), len(archive), made_at))
    return upload_of(path_of(night), of_receipt, pieces, files), {**pieces, of_receipt[0]: of_receipt[1]}


def frames_of(night: NightId, count: int = 3, variant: str = "") -> dict[str, bytes]:
    """Files that are named like frames."""
    start = f"{night.day}/{night.site.upper()}_X_{night.day}_21"
    text = f"{night.name} {variant}"
    return {f"{start}{minute:02d}00_001.hdf5": f"{text} {minute} ".encode() * 20 for minute in range(count)}
