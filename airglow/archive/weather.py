"""Weather files to the archive: never a shorter file over a longer one, and nothing lost on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from airglow.model.errors import BadInput, StoreError
from airglow.model.files import parse_json, write_whole
from airglow.store import (
    ChangedObject,
    MissingObject,
    Store,
    StoredObject,
    hash_file,
    in_threads,
    json_bytes,
    proves,
    read_surely,
)
from airglow.uploads import (
    MAX_WEATHER_BYTES,
    ONE_DAY,
    RAW,
    WeatherFile,
    cloud_file,
    parse_raw_key,
    weather_prefix,
)

FORMAT = 1
ATTEMPTS = 3
MAX_NAME = 100  # of a weather file; a disk takes more


@dataclass(frozen=True)
class ArchivedWeather:
    """A weather file in the archive.

    Parameters
    ----------
    file
        Which file.
    archived
        The object in the archive.
    raw
        The upload that it holds all of; None if nothing is uploaded.
    data
        What is archived now, if it was just sent there; else None.
    """

    file: WeatherFile
    archived: StoredObject
    raw: StoredObject | None
    data: bytes | None = field(default=None, repr=False, compare=False)


def sync_weather_file(
    store: Store, file: WeatherFile, listed: Mapping[str, StoredObject] | None = None
) -> ArchivedWeather | None:
    """Bring a weather file from ``raw/`` to the archive, if it is there and the archive lacks anything of it.

    An archived file that begins with the uploaded one is longer: it stays. One that the uploaded file
    continues is replaced; one that differs otherwise is replaced, and kept under ``superseded/``.

    Parameters
    ----------
    store
        The bucket.
    file
        Which file.
    listed
        What is there, by key, as `list_weather` found it a moment ago: spares two requests.

    Returns
    -------
    ArchivedWeather or None
        None if the file is neither uploaded nor archived.

    Raises
    ------
    BadInput
        If the uploaded file is too large to be one, or keeps changing.
    StoreError
        If the bucket does not do its part.
    """
    for attempt in range(ATTEMPTS):
        look = listed.get if listed is not None and attempt == 0 else store.head
        raw, archived = look(file.raw_key), look(file.archive_key)
        if raw is None:
            return ArchivedWeather(file, archived, None) if archived else None
        if archived and (archived.etag, archived.size) == (raw.etag, raw.size):
            return ArchivedWeather(file, archived, raw)
        if raw.size > MAX_WEATHER_BYTES:
            raise BadInput(file.raw_key, f"{raw.size:,} bytes are too many for a weather file")
        try:
            sent = _merge(store, file, raw, archived)
        except (ChangedObject, MissingObject):
            continue  # uploaded again, or cleaned up by another night's job, while we read
        if sent is None:
            return ArchivedWeather(file, store.head(file.archive_key), raw)
        return ArchivedWeather(file, sent[0], raw, sent[1])
    raise BadInput(file.raw_key, "changes while it is read", "the next run reads it again")


def list_weather(
    store: Store,
    site: str,
    dates: Iterable[dt.date],
    raw: bool = True,
    kinds: Collection[str] = ("cloud", "temperature"),
) -> dict[str, StoredObject]:
    """List where weather files of some dates can be.

    Parameters
    ----------
    store
        The bucket.
    site
        Key of the site.
    dates
        Local dates.
    raw
        Whether to look at the uploads too, beside the archive.
    kinds
        Kinds of files (`WeatherFile.kind`) that are looked for in the archive.

    Returns
    -------
    dict
        Object by key; files of other dates, and temperature loggers' of other sites, are among them.

    Raises
    ------
    StoreError
        If the bucket cannot be listed.
    """
    prefixes = {f"{RAW}Cloud_{site}_", f"{RAW}TempL"} if raw else set()
    for date in dates:
        if "cloud" in kinds:
            prefixes.add(cloud_file(site, date).archive_key.removesuffix(f"{date:%d}.txt"))
        if "temperature" in kinds:
            prefixes.add(weather_prefix("temperature", site, date) + "TempL")
    return {found.key: found for prefix in sorted(prefixes) for found in store.list(prefix)}


def _merge(
    store: Store, file: WeatherFile, raw: StoredObject, archived: StoredObject | None
) -> tuple[StoredObject, bytes] | None:
    """Let the archive hold all of an upload; says what is there now if these are the bytes that were sent."""
    data, is_proven = read_surely(store, raw)
    if archived is not None:
        old, old_is_proven = read_surely(store, archived)
        if old.startswith(data):
            return None
        if not (data.startswith(old) and is_proven and old_is_proven):
            path = PurePosixPath(file.archive_key)
            store.keep(archived, f"{path.parent}/superseded/{archived.etag}_{path.name}")
    if not is_proven:  # what arrived here may be damaged: the store has the bytes
        store.copy(raw.key, file.archive_key)
        return None
    etag = store.put_bytes(file.archive_key, data, "text/plain")
    return StoredObject(file.archive_key, len(data), etag, dt.datetime.now(dt.UTC)), data


def why_not_archived(store: Store, synced: ArchivedWeather, is_now: bool = False) -> str:
    """Prove, by what the bucket has now, that a weather file in ``raw/`` may go.

    The archived object is the same by size and ETag, or begins with bytes that the ETag of the other proves.

    Parameters
    ----------
    store
        The bucket.
    synced
        What `sync_weather_file` returned.
    is_now
        Whether the archived object of ``synced`` was listed a moment ago, and not changed since.

    Returns
    -------
    str
        Why the file must stay; empty if it may go.

    Raises
    ------
    StoreError
        If the bucket does not do its part, or what it sends is damaged on the way.
    """
    raw = synced.raw
    archived = synced.archived if is_now else store.head(synced.file.archive_key)
    if raw is None or archived is None:
        return "changed while the night was cleaned up"
    if (archived.etag, archived.size) == (raw.etag, raw.size):
        return ""
    if archived.size < raw.size:
        return f"the archived file has {archived.size:,} bytes, this one {raw.size:,}"
    try:
        kept, _ = read_surely(store, archived)
    except (ChangedObject, MissingObject):
        return "changed while the night was cleaned up"
    return "" if proves(raw.etag, kept[: raw.size]) else "not proven to be in the archive"


def archive_weather(
    store: Store,
    site: str,
    date: dt.date,
    out_record: Path | None = None,
    directory: Path | None = None,
    raw: Mapping[str, StoredObject] | None = None,
) -> dict[str, Any]:
    """Bring the weather files of a night (its date and the next one) to the archive.

    Parameters
    ----------
    store
        The bucket.
    site
        Key of the site.
    date
        Local date on which the night began.
    out_record
        If given, the JSON to write.
    directory
        If given, files that were just sent to the archive are written there too, as `fetch_weather` would.
    raw
        What a look at ``raw/`` found there, by key, as far as it can be of this night; else it is listed.

    Returns
    -------
    dict
        ``files``: what is archived for the night, whether it came now or earlier; ``left_out``: what was
        refused, and why. Without any weather file both are empty.

    Raises
    ------
    StoreError
        If the bucket does not do its part.
    """
    files: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    dates = (date, date + ONE_DAY)
    listed = {**(raw or {}), **list_weather(store, site, dates, raw=raw is None)}
    for file in (file for day in dates for file in _files_of(listed, site, day)):
        try:
            synced = sync_weather_file(store, file, listed)
        except BadInput as refused:
            left_out.append({"key": refused.name, "reason": refused.reason})
            continue
        if synced is not None:
            files.append(_entry(synced))
            if directory is not None and synced.data is not None:
                write_whole(directory / file.name, synced.data)
    record = {"format": FORMAT, "site": site, "date": f"{date:%Y%m%d}", "files": files, "left_out": left_out}
    if out_record is not None:
        write_whole(out_record, json_bytes(record))
    return record


def with_uploads(
    files: Iterable[Mapping[str, Any]], record: Mapping[str, Any] | Path | None
) -> list[dict[str, Any]]:
    """Name the objects of the weather files that a result was made with.

    Parameters
    ----------
    files
        ``name``, ``size`` and ``sha256`` of each.
    record
        What `archive_weather` returned, or the file it wrote; None if there is none.

    Returns
    -------
    list of dict
        Each file with ``etag`` of the archived object and ``raw_etag`` of the upload it has all of, by which
        the same upload is known again without a look into it; None for what is not known.
    """
    if isinstance(record, Path):
        record = parse_json(record.read_bytes())
    objects = {entry["name"]: entry for entry in (record or {"files": []})["files"]}
    named = []
    for file in files:
        known = objects.get(file["name"], {})
        named.append({**file, "etag": known.get("etag"), "raw_etag": known.get("raw_etag")})
    return named


def fetch_weather(store: Store, record: Mapping[str, Any] | Path, directory: Path) -> list[Path]:
    """Download the archived weather files of a night.

    Parameters
    ----------
    store
        The bucket.
    record
        What `archive_weather` returned, or the file it wrote.
    directory
        Where to put them. A file that is there already, with the ETag of the record, stays.

    Returns
    -------
    list of Path
        In the order of the record. A file that has grown in the archive since then comes as it is now.

    Raises
    ------
    BadInput
        If the record is not one.
    StoreError
        If the bucket does not have a file.
    """
    name = "weather record"
    try:
        if isinstance(record, Path):
            name = str(record)
            record = parse_json(record.read_bytes())
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']!r}")
        sources = [(entry["key"], _checked_name(entry["name"]), entry["etag"]) for entry in record["files"]]
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(name, f"not a weather record ({error!r})", "run the weather step again") from error
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)

    def fetch(task: tuple[str, str, str]) -> Path:
        key, file_name, etag = task
        path = directory / file_name
        if not (path.is_file() and hash_file(path).md5 == etag):
            store.download(key, path)
        return path

    return in_threads(fetch, sources)


def _checked_name(name: str) -> str:
    """A name that may become a file's."""
    if len(name) > MAX_NAME or not isinstance(parse_raw_key(f"{RAW}{name}"), WeatherFile):
        raise ValueError(f"{name[:MAX_NAME]!r} is no weather file")
    return name


def _files_of(listed: Iterable[str], site: str, date: dt.date) -> Iterable[WeatherFile]:
    """The cloud file of a day, and whatever temperature loggers are uploaded or archived for it."""
    yield cloud_file(site, date)
    prefix = weather_prefix("temperature", site, date)
    loggers = (key for key in listed if key.startswith((f"{RAW}TempL", f"{prefix}TempL")))
    for name in sorted({key.rpartition("/")[2] for key in loggers}):
        file = parse_raw_key(RAW + name)
        if isinstance(file, WeatherFile) and (file.site, file.date) == (site, date):
            yield file


def _entry(synced: ArchivedWeather) -> dict[str, Any]:
    if synced.archived is None:
        raise StoreError(f"{synced.file.archive_key}: gone from the archive meanwhile. Try again")
    return {
        "kind": synced.file.kind,
        "date": f"{synced.file.date:%Y%m%d}",
        "name": synced.file.name,
        "key": synced.archived.key,
        "size": synced.archived.size,
        "etag": synced.archived.etag,
        "raw_key": synced.raw.key if synced.raw else None,
        "raw_etag": synced.raw.etag if synced.raw else None,
    }
