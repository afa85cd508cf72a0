"""What earlier looks at ``raw/`` found out, so that the next one asks only for what is new.

Uploads can lie in ``raw/`` for months: receipts of nights without data, nights of which a part never came. A
listing names every object with its ETag, so nothing that was read once need be read again. What is remembered
is a file on the working disk. If that is lost or damaged it costs requests and nothing else:

- A receipt, a marker or the table of nights counts only if its bytes prove the ETag that the listing gives
  (`airglow.store.proves`).
- That a night is done and only rests in ``raw/`` counts while it has the same objects there, until it may go.
- That a night was not archived counts only while it has the same objects in ``raw/``, for a day at most, and
  only for the bucket where it was seen. It lets a night that waits go on waiting; before work on a night
  begins the bucket is asked.
- What weather files in ``raw/`` mean for a night that is done counts only for these very files.

What a look did not ask for is forgotten after it, so the file stays as small as what lies in ``raw/``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airglow.model.errors import MachineError
from airglow.model.files import parse_json, write_whole
from airglow.store import Store, StoredObject, json_bytes, proves
from airglow.uploads.keys import NightId

MEMORY = "known_uploads.json"  # in the workflow's directory for temporary files
FORMAT = 2
_NOT_ARCHIVED_FOR = dt.timedelta(days=1)


@dataclass
class Memory:
    """What is known of objects in ``raw/`` and their nights; threads may share it.

    Parameters
    ----------
    place
        Which bucket it is of.
    receipts
        Bytes of receipts by the ETag of the object.
    not_archived
        By name of a night: a digest of its objects in ``raw/``, and when it was seen that it is not archived
        (UTC, ISO 8601).
    resting
        By name of a night that is done: a digest of its objects in ``raw/``, and until when they stay.
    prefixes
        What names of other instruments' objects begin with, as far as that was told.
    weather
        By name of a night: a digest of the weather files in ``raw/`` that it needs, what was found out of
        them and the moment that goes with it (`airglow.uploads.late_weather`).
    """

    place: str = ""
    receipts: dict[str, bytes] = field(default_factory=dict)
    not_archived: dict[str, tuple[str, str]] = field(default_factory=dict)
    resting: dict[str, tuple[str, str]] = field(default_factory=dict)
    prefixes: frozenset[str] = frozenset()
    weather: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _receipts_now: dict[str, bytes] = field(default_factory=dict, init=False)
    _not_archived_now: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)
    _resting_now: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)
    _weather_now: dict[str, tuple[str, str, str]] = field(default_factory=dict, init=False)

    def read_receipt(self, store: Store, listed: StoredObject) -> bytes:
        """The bytes of a receipt: as remembered, or from the bucket.

        Parameters
        ----------
        store
            The bucket.
        listed
            The receipt, as it was just listed.

        Returns
        -------
        bytes

        Raises
        ------
        MissingObject, ChangedObject, StoreError
            If it has to be read, and cannot.
        """
        data = self.receipts.get(listed.etag)
        if data is None or not proves(listed.etag, data):
            data = store.get_bytes(listed.key, listed.etag)
        self._receipts_now[listed.etag] = data
        return data

    def knows_not_archived(self, night: NightId, objects: Iterable[StoredObject], now: dt.datetime) -> bool:
        """Whether a night was seen, lately and with these objects in ``raw/``, not to be archived.

        Parameters
        ----------
        night
            The night.
        objects
            What is in ``raw/`` of it.
        now
            The present (UTC).

        Returns
        -------
        bool
        """
        digest, seen_at = self.not_archived.get(night.name, ("", ""))
        if digest != _digest(objects):
            return False
        if not dt.timedelta() <= now - dt.datetime.fromisoformat(seen_at) < _NOT_ARCHIVED_FOR:
            return False
        self._not_archived_now[night.name] = digest, seen_at
        return True

    def note_not_archived(self, night: NightId, objects: Iterable[StoredObject], now: dt.datetime) -> None:
        """Remember that a night has no manifest.

        Parameters
        ----------
        night, objects, now
            As of `knows_not_archived`.
        """
        self._not_archived_now[night.name] = _digest(objects), now.isoformat()

    def rests_until(
        self, night: NightId, objects: Iterable[StoredObject], now: dt.datetime
    ) -> dt.datetime | None:
        """Until when the upload of a night that is done stays in ``raw/``; None if that is over or not known.

        Parameters
        ----------
        night, objects, now
            As of `knows_not_archived`.

        Returns
        -------
        datetime.datetime or None
        """
        digest, until = self.resting.get(night.name, ("", ""))
        if digest != _digest(objects) or dt.datetime.fromisoformat(until) <= now:
            return None
        self._resting_now[night.name] = digest, until
        return dt.datetime.fromisoformat(until)

    def note_resting(self, night: NightId, objects: Iterable[StoredObject], until: dt.datetime) -> None:
        """Remember that a night is done, and until when its upload stays in ``raw/``.

        Parameters
        ----------
        night, objects
            As of `knows_not_archived`.
        until
            When it may go (UTC).
        """
        self._resting_now[night.name] = _digest(objects), until.isoformat()

    def new_prefixes(self, prefixes: Iterable[str]) -> list[str]:
        """Which of the other instruments in ``raw/`` were not there at the last look.

        Parameters
        ----------
        prefixes
            What names of their objects begin with.

        Returns
        -------
        list of str
        """
        found = frozenset(prefixes)
        new = sorted(found - self.prefixes)
        self.prefixes = found
        return new

    def recall_weather(
        self, night: NightId, objects: Iterable[StoredObject]
    ) -> tuple[str, dt.datetime] | None:
        """What was noted of a night and the weather files in ``raw/``; None if not these files.

        Parameters
        ----------
        night
            The night.
        objects
            The weather files in ``raw/`` that it needs.

        Returns
        -------
        tuple of (str, datetime.datetime) or None
            As of `note_weather`.
        """
        entry = self.weather.get(night.name)
        if entry is None or entry[0] != _digest(objects):
            return None
        self._weather_now[night.name] = entry
        return entry[1], dt.datetime.fromisoformat(entry[2])

    def note_weather(
        self, night: NightId, objects: Iterable[StoredObject], verdict: str, moment: dt.datetime
    ) -> None:
        """Remember what weather files in ``raw/`` mean for a night.

        Parameters
        ----------
        night, objects
            As of `recall_weather`.
        verdict
            In a word.
        moment
            What goes with it (aware).
        """
        self._weather_now[night.name] = _digest(objects), verdict, moment.isoformat()

    def write(self, path: Path) -> None:
        """Write what this look asked for; the rest is forgotten.

        Parameters
        ----------
        path
            `MEMORY` in the workflow's directory for temporary files.

        Raises
        ------
        MachineError
            If the disk does not take it.
        """
        value = {
            "format": FORMAT,
            "place": self.place,
            # Every byte is a character of Latin-1: a receipt may hold anything.
            "receipts": {etag: data.decode("latin-1") for etag, data in self._receipts_now.items()},
            "not_archived": self._not_archived_now,
            "resting": self._resting_now,
            "prefixes": sorted(self.prefixes),
            "weather": self._weather_now,
        }
        write_whole(path, json_bytes(value))


def read_memory(path: Path, store: Store) -> Memory:
    """Read what earlier looks at a bucket found out.

    Parameters
    ----------
    path
        `MEMORY` in the workflow's directory for temporary files.
    store
        The bucket.

    Returns
    -------
    Memory
        Empty if there is none, or none of this bucket that can be read.
    """
    place = f"{store.bucket} at {store.endpoint_url}"
    try:
        value = parse_json(path.read_text(encoding="utf-8"))
        if (value["format"], value["place"]) != (FORMAT, place):
            return Memory(place)
        receipts = {etag: text.encode("latin-1") for etag, text in value["receipts"].items()}
        not_archived, resting = (
            {name: _seen(entry) for name, entry in value[kind].items()}
            for kind in ("not_archived", "resting")
        )
        weather = {
            name: (digest, str(verdict), _seen((digest, moment))[1])
            for name, (digest, verdict, moment) in value.get("weather", {}).items()
        }
        return Memory(place, receipts, not_archived, resting, frozenset(map(str, value["prefixes"])), weather)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Memory(place)


def note_written(path: Path, store: Store, data: bytes) -> None:
    """Remember an object that a run has just written, so that the next look need not read it.

    Parameters
    ----------
    path
        `MEMORY` in the workflow's directory for temporary files.
    store
        The bucket.
    data
        What was written.
    """
    memory = read_memory(path, store)
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    memory._receipts_now = {**memory.receipts, etag: data}
    memory._not_archived_now, memory._resting_now = memory.not_archived, memory.resting
    memory._weather_now = memory.weather
    with contextlib.suppress(MachineError):  # it costs the next look a request
        memory.write(path)


def _seen(entry: Any) -> tuple[str, str]:
    digest, seen_at = entry
    if not isinstance(digest, str) or dt.datetime.fromisoformat(seen_at).tzinfo is None:
        raise ValueError(f"no digest and moment: {entry!r}")
    return digest, seen_at


def _digest(objects: Iterable[StoredObject]) -> str:
    told = sorted((found.key, found.size, found.etag, found.modified.isoformat()) for found in objects)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
