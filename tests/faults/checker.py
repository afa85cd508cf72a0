"""What must hold of the bucket and the database at every moment, told from their contents alone.

Nothing here uses the code of the workflow: manifests, indexes and rows are read by the words of their
formats, so that a mistake in that code cannot hide from its own check.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pymysql

LOST, SILENT = "lost", "silent"
# Fields of records that differ between two ways to the same end: times, processes, counts of attempts.
DATED = frozenset(
    (
        *(
            "made_at",
            "raw_etag",  # of a weather file: none once it is gone from raw/
            "loaded_at",
            "at",
            "since",
            "last_tried",
            "attempts",
            "same_fault",
            "next_try",
            "events",
        ),
        *(
            "events",
            "load_id",
            "analysis_s",
            "deleted",
            "kept",
            "history",
            "why",
            "process",
            "host",
            "seconds",
        ),
    )
)
DATED_COLUMNS = frozenset(("updated_at", "loaded_at", "load_s", "analysis_s", "load_id", "applied_at"))
# Objects that say what happened on the way, not where it led.
ON_THE_WAY = (
    "/attempts/",
    "/delivered.json",
    "pages/",
    "state/store/",
    "state/pending/superseded/",
    "table.json",
)


@dataclass(frozen=True)
class File:
    """A file inside an upload."""

    size: int
    md5: str
    sha256: str


@dataclass(frozen=True)
class Upload:
    """A whole upload, as the instrument sent it.

    Parameters
    ----------
    path
        ``instrument/site/year/date``.
    objects
        Size and MD5 by key in ``raw/``.
    archive_sha256
        Of all parts, joined.
    files
        What is packed in it, by path.
    is_replaced
        Whether its sender has begun to send another one over it: then its objects are not to be expected.
    """

    path: str
    objects: Mapping[str, tuple[int, str]]
    archive_sha256: str
    files: Mapping[str, File]
    is_replaced: bool = False


def upload_of(
    path: str, receipt: tuple[str, bytes], parts: Mapping[str, bytes], files: Mapping[str, bytes]
) -> Upload:
    """Write down what an instrument sends."""
    objects = {key: (len(data), _md5(data)) for key, data in (receipt, *parts.items())}
    archive = b"".join(parts[key] for key in sorted(parts))
    inside = {
        name: File(len(data), _md5(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    }
    return Upload(path, objects, hashlib.sha256(archive).hexdigest(), inside)


@dataclass(frozen=True)
class Violation:
    """Something that does not hold: `LOST` or `SILENT`, and a sentence."""

    kind: str
    text: str


@dataclass
class Bucket:
    """A bucket as it is now: size and ETag by key. JSON is read once for each ETag."""

    client: Any
    name: str
    objects: dict[str, tuple[int, str]] = field(default_factory=dict)
    _read: dict[tuple[str, str], Any] = field(default_factory=dict)

    def look(self) -> None:
        """List everything."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        found = (entry for page in pages for entry in page.get("Contents", []))
        self.objects = {entry["Key"]: (entry["Size"], entry["ETag"].strip('"')) for entry in found}

    def json(self, key: str) -> Any | None:
        """What an object says; None if it is not there or no JSON."""
        if key not in self.objects:
            return None
        known = (key, self.objects[key][1])
        if known not in self._read:
            try:
                data = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
                self._read[known] = json.loads(data), hashlib.sha256(data).hexdigest()
            except ValueError:
                self._read[known] = None, ""
        return self._read[known][0]

    def sha256(self, key: str) -> str:
        """Of an object that `json` reads; empty if it is not there."""
        return self._read[key, self.objects[key][1]][1] if self.json(key) is not None else ""


@dataclass(frozen=True)
class Rows:
    """What the database has of every night, by ``instrument/site/year/date``.

    Parameters
    ----------
    manifests
        Of the rows that are there now: SHA-256 of the manifest by tag.
    products
        Key, size and SHA-256 of the products.
    ever
        SHA-256 of the manifest of every load that was ever committed.
    """

    manifests: Mapping[str, Mapping[str, str]]
    products: Mapping[str, frozenset[tuple[str, int, str]]]
    ever: Mapping[str, frozenset[str]]


def read_rows(connection: pymysql.connections.Connection) -> Rows:
    """Ask the database, in a transaction that sees one moment."""
    manifests: dict[str, dict[str, str]] = {}
    products: dict[str, set] = {}
    ever: dict[str, set] = {}
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SHOW TABLES LIKE 'fpi_night'")
        if not cursor.fetchall():
            return Rows({}, {}, {})
        path = "CONCAT_WS('/', instrument, site, YEAR(local_date), DATE_FORMAT(local_date, '%Y%m%d'))"
        cursor.execute(f"SELECT {path}, tag, manifest_sha256 FROM fpi_night")
        for night, tag, sha256 in cursor.fetchall():
            manifests.setdefault(night, {})[tag] = sha256
        cursor.execute(f"SELECT {path}, object_key, size_bytes, sha256 FROM fpi_product")
        for night, *product in cursor.fetchall():
            products.setdefault(night, set()).add(tuple(product))
        cursor.execute(f"SELECT {path}, manifest_sha256 FROM fpi_load")
        for night, sha256 in cursor.fetchall():
            ever.setdefault(night, set()).add(sha256)
    frozen = [{night: frozenset(found) for night, found in one.items()} for one in (products, ever)]
    return Rows(manifests, *frozen)


def violations(bucket: Bucket, rows: Rows, owed: Iterable[Upload]) -> list[Violation]:
    """All that does not hold now.

    Parameters
    ----------
    bucket
        After `Bucket.look`.
    rows
        Read after it or at the same moment.
    owed
        Uploads whose contents must be somewhere: all that were whole, but for those that their sender
        replaced before they were archived.
    """
    found = [violation for upload in owed for violation in _of_upload(bucket, rows, upload)]
    paths = {key[len("state/") :].rpartition("/")[0] for key in bucket.objects if key.startswith("state/")}
    nights = sorted({"/".join(path.split("/")[:4]) for path in paths if path.count("/") >= 3})
    return found + [violation for path in nights for violation in _of_night(bucket, rows, path)]


def archived_manifest(bucket: Bucket, upload: Upload) -> str:
    """Key of a manifest that was made from an upload; empty if there is none."""
    state = f"state/{upload.path}/"
    keys = [f"{state}manifest.json", *(key for key in bucket.objects if key.startswith(f"{state}manifests/"))]
    for key in keys:
        value = bucket.json(key)
        if value and value["archive"]["sha256"] == upload.archive_sha256:
            return key
    return ""


def _of_upload(bucket: Bucket, rows: Rows, upload: Upload) -> list[Violation]:
    missing = [key for key, there in upload.objects.items() if bucket.objects.get(key) != there]
    if not missing:
        return []
    found = []
    name = upload.path
    key = archived_manifest(bucket, upload)
    if not key:
        return [Violation(LOST, f"{name}: {missing[0]} is not as it was sent, and no manifest names it")]
    contents = {there for at, there in bucket.objects.items() if at.startswith(f"fpi/{upload.path}/")}
    found += [
        Violation(LOST, f"{name}: contents of {member} are not in the archive")
        for member, file in upload.files.items()
        if (file.size, file.md5) not in contents
    ]
    manifest = bucket.json(key)
    named = [*manifest["frames"], *manifest["others"]]
    sha256 = {entry["sha256"] for entry in named}
    found += [
        Violation(LOST, f"{name}: the manifest does not name {member}")
        for member, file in upload.files.items()
        if file.sha256 not in sha256
    ]
    if key.endswith("/manifest.json") and not upload.is_replaced:
        indexes = [bucket.json(f"state/{upload.path}/{index}.json") for index in ("published", "delivered")]
        if not any(indexes):
            found.append(Violation(LOST, f"{name}: raw objects went before products were published"))
        outcomes = [outcome for index in indexes if index for outcome in index["outcomes"].values()]
        loaded = {(outcome.get("kept") or {}).get("manifest_sha256") for outcome in outcomes}
        if bucket.sha256(key) not in rows.ever.get(upload.path, frozenset()) | loaded:
            found.append(Violation(LOST, f"{name}: raw objects went before rows were committed"))
    return found


def _of_night(bucket: Bucket, rows: Rows, path: str) -> list[Violation]:
    """Records, products and rows of a night belong together."""
    found: list[Violation] = []

    def wrong(text: str) -> None:
        found.append(Violation(SILENT, f"{path}: {text}"))

    names = ("manifest", "published", "loaded", "page", "cleaned")
    says = {name: bucket.json(f"state/{path}/{name}.json") for name in names}
    sha256 = bucket.sha256(f"state/{path}/manifest.json")
    if says["manifest"]:
        for entry in (*says["manifest"]["frames"], *says["manifest"]["others"]):
            if bucket.objects.get(entry["key"]) != (entry["size"], entry["etag"]):
                wrong(f"{entry['key']} is not in the archive as the manifest says")
    index = says["published"]
    for product in index["products"] if index else ():
        if bucket.objects.get(product["key"]) != (product["size"], product["etag"]):
            wrong(f"{product['key']} is not what is published")
    if says["loaded"]:
        of_rows = set(rows.manifests.get(path, {}).values())
        if index is None or index["manifest_sha256"] != says["loaded"]["manifest_sha256"]:
            wrong("loaded, but not what is published")
        elif not of_rows:
            wrong("loaded, but there are no rows")
        else:
            listed = {(p["key"], p["size"], p["sha256"]) for p in index["products"]}
            if rows.products.get(path, frozenset()) != listed:
                wrong("products in the database are not those that are published")
            if not any("kept" in outcome for outcome in index["outcomes"].values()) and of_rows != {
                says["loaded"]["manifest_sha256"]
            }:
                wrong("rows are of another manifest than the record of the load")
    if says["page"] and not says["loaded"]:
        wrong("has a page of rows that are not loaded")
    if says["page"] and says["page"].get("page") and says["page"]["page"] not in bucket.objects:
        wrong("its page is not there")
    if says["cleaned"]:
        of_all = {name: (says[name] or {}).get("manifest_sha256") for name in ("published", "loaded")}
        if set(of_all.values()) != {sha256}:
            wrong(f"done, but archive, products and rows are of different manifests: {of_all}, {sha256}")
    return found


def end_state(bucket: Bucket) -> dict[str, Any]:
    """The bucket without what may differ between two ways to the same end."""
    bucket.look()
    state = {}
    for key, (_, etag) in bucket.objects.items():
        if any(part in key for part in ON_THE_WAY):
            continue
        state[key] = undated(bucket.json(key)) if key.startswith("state/") else etag
    return state


def end_rows(connection: pymysql.connections.Connection) -> dict[str, list[str]]:
    """Every row of our tables, without times; of the history only that there is one."""
    connection.rollback()
    found = {}
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute("SHOW FULL TABLES")
        tables = [tuple(row.values()) for row in cursor.fetchall()]
        for table, kind in tables:
            if kind != "BASE TABLE" or table in ("fpi_load", "fpi_schema_version"):
                continue
            cursor.execute(f"SELECT * FROM {table}")
            rows = [{k: v for k, v in row.items() if k not in DATED_COLUMNS} for row in cursor.fetchall()]
            found[table] = sorted(map(repr, rows))
    return found


def undated(value: Any) -> Any:
    """A record without the fields that are `DATED`."""
    if isinstance(value, dict):
        return {name: undated(inside) for name, inside in value.items() if name not in DATED}
    return [undated(inside) for inside in value] if isinstance(value, list) else value


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of what differs."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
