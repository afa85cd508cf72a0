"""What a night has reached, for Snakemake: files on the local disk that mirror the bucket's sentinels.

The state of a night is in the bucket, under its ``state_prefix``: ``manifest.json`` (its frames are in the
archive), ``published.json``, ``loaded.json``, ``page.json``, ``cleaned.json``. Snakemake asks for the files
that order its work again and again, a dozen times for each in a run. So it gets local ones: they are made
like the bucket, by one listing for each night, before the night is planned; from then on the steps change
both, the bucket first. A lost working disk loses nothing.

A mirror holds the ETag of its object and, where a step of this machine wrote it, the value. Its time is that
of the writing here, or else the server's, but never later than now: clocks that differ must not make a step
look older than what it was made from.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from airglow.model.files import parse_json, write_whole
from airglow.store import Store, StoredObject, hash_file, json_bytes
from airglow.uploads import Discovery, NightId, NightRecord, record_from_json, record_to_json

_MARKED = "marked"
_FILE_CLOCK_S = 0.05  # by which the times of files may lag behind the clock
STATES = ("manifest", "published", "loaded", "page", "cleaned", "refused")


def mirror_path(root: Path, night: NightId, state: str) -> Path:
    """Where the mirror of a sentinel is.

    Parameters
    ----------
    root
        The directory of all mirrors.
    night
        The night.
    state
        One of `STATES`.

    Returns
    -------
    Path
    """
    return night.below(root) / f"{state}.json"


def mirror_states(
    store: Store,
    night: NightId,
    root: Path,
    objects: Iterable[StoredObject] | None = None,
    asked_at: float | None = None,
) -> dict[str, StoredObject]:
    """Make the mirrors of a night like the bucket; costs one request.

    A mirror of the very object that is in the bucket stays as it is, with its time. One whose object is gone
    is removed. One that was written after the bucket was asked is left alone: a plan may look while a run is
    at work.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    root
        The directory of all mirrors.
    objects
        What the bucket has of the night's state, as listed: then it is not asked.
    asked_at
        When it was listed (seconds since 1970), if that was not just now.

    Returns
    -------
    dict
        Those of `STATES` that the night has, with their objects.

    Raises
    ------
    StoreError
        If the bucket cannot be listed.
    """
    asked_at = (time.time() if asked_at is None else asked_at) - _FILE_CLOCK_S
    listed = {found.key: found for found in (store.list(night.state_prefix) if objects is None else objects)}
    there = {state: listed[key] for state in STATES if (key := _key(night, state)) in listed}
    for state in STATES:
        path = mirror_path(root, night, state)
        if _written_since(path, asked_at):
            continue
        if state not in there:
            path.unlink(missing_ok=True)
        elif _read(path).get("etag") != there[state].etag:
            write_whole(path, json_bytes({"etag": there[state].etag}))
            moment = min(there[state].modified.timestamp(), time.time())
            os.utime(path, (moment, moment))
    return there


def mirror_taken_up(
    store: Store,
    discovery: Discovery,
    root: Path,
    run: str,
    records: Mapping[NightId, NightRecord] | None = None,
) -> None:
    """Make the mirrors of all nights that a discovery has taken up, from what it listed as far as that holds.

    Parameters
    ----------
    store
        The bucket.
    discovery
        As of `airglow.uploads.scan`, after `airglow.uploads.take_up`.
    root
        The directory of all mirrors.
    run
        Identifier of the run at hand.
    records
        What the markers of the nights say (`airglow.uploads.take_up`).
    """
    for report in discovery.wanted:
        # Taking a night up has marked it as unfinished, and may have exchanged its manifest.
        night = report.night
        found = None if report.changed or report.withdrawn else discovery.states.get(night)
        asked_at = time.time() if found is None else discovery.made_at.timestamp()
        there = store.list(night.state_prefix) if found is None else found
        there = [one for one in there if one.key != night.cleaned_key]
        mirror_states(store, night, root, there, asked_at)
        keys = [one.key for one in there]
        note_marked(night, run, root, (records or {}).get(night), report.tried, keys)


def put_state(store: Store, night: NightId, state: str, value: Any, root: Path) -> None:
    """Write a sentinel, and its mirror after it.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    state
        One of `STATES`.
    value
        What JSON can hold.
    root
        The directory of all mirrors.

    Raises
    ------
    StoreError
        If the bucket does not take it; then there is no mirror.
    """
    mirror_written(night, state, store.put_json(_key(night, state), value), root, value)


def mirror_written(night: NightId, state: str, etag: str, root: Path, value: Any = None) -> None:
    """Write the mirror of a sentinel that is in the bucket now.

    Parameters
    ----------
    night
        The night.
    state
        One of `STATES`.
    etag
        Of the object.
    root
        The directory of all mirrors.
    value
        What is in it, to spare a later step the request; None if that is of no use.
    """
    mirror = {"etag": etag} if value is None else {"etag": etag, "value": value}
    write_whole(mirror_path(root, night, state), json_bytes(mirror))


def remove_state(store: Store, night: NightId, state: str, root: Path) -> None:
    """Remove a sentinel and its mirror: what it stands for is about to change.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.
    state
        One of `STATES`.
    root
        The directory of all mirrors.
    """
    mirror_path(root, night, state).unlink(missing_ok=True)
    store.delete(_key(night, state))


def note_marked(
    night: NightId,
    run: str,
    root: Path,
    record: NightRecord | None = None,
    tried: str = "",
    there: Iterable[str] | None = None,
) -> None:
    """Note that a run has marked a night as unfinished, so that its steps need not do it again.

    Parameters
    ----------
    night
        The night.
    run
        Identifier of the run.
    root
        The directory of all mirrors.
    record
        What the marker says, to spare the last step the request.
    tried
        What the run works on (`airglow.uploads.tried`).
    there
        Keys of the night's state in the bucket at that moment, as for `states_taken_up`.
    """
    value = {"run": run, "record": record_to_json(record) if record else None, "tried": tried}
    if there is not None:
        value["there"] = sorted(there)
    write_whole(mirror_path(root, night, _MARKED), json_bytes(value))


def marked_record(night: NightId, run: str | None, root: Path) -> NightRecord | None:
    """What the marker of a night says, if the run at hand has written or read it.

    Parameters
    ----------
    night
        The night.
    run
        Identifier of the run; None if there is none.
    root
        The directory of all mirrors.

    Returns
    -------
    NightRecord or None
        None if that is not known.
    """
    record = _note_of(night, run, root).get("record")
    return record_from_json(record) if record else None


def is_marked(night: NightId, run: str | None, root: Path) -> bool:
    """Whether the run at hand has marked the night, and not finished it since.

    Parameters
    ----------
    night
        The night.
    run
        Identifier of the run; None if there is none.
    root
        The directory of all mirrors.

    Returns
    -------
    bool
    """
    return bool(_note_of(night, run, root))


def marked_tried(night: NightId, run: str | None, root: Path) -> str:
    """What the run at hand works on.

    Parameters
    ----------
    night
        The night.
    run
        Identifier of the run; None if there is none.
    root
        The directory of all mirrors.

    Returns
    -------
    str
        As of `airglow.uploads.tried`; empty if that is not known.
    """
    return str(_note_of(night, run, root).get("tried", ""))


def states_taken_up(night: NightId, run: str | None, root: Path) -> set[str] | None:
    """What the bucket had of a night's state when the run at hand took the night up.

    What another machine has done since, or a step of this run, is not in it: no proof of anything.

    Parameters
    ----------
    night
        The night.
    run
        Identifier of the run; None if there is none.
    root
        The directory of all mirrors.

    Returns
    -------
    set of str or None
        Keys; None if that is not known.
    """
    there = _note_of(night, run, root).get("there")
    return None if there is None else set(there)


def _note_of(night: NightId, run: str | None, root: Path) -> Mapping[str, Any]:
    """What the run at hand has noted of a night (`note_marked`); nothing, if another run has, or none."""
    value = _read(mirror_path(root, night, _MARKED))
    return value if run and value.get("run") == run else {}


def forget_marked(night: NightId, root: Path) -> None:
    """Forget that a run has marked a night, before the mark is removed from the bucket.

    Parameters
    ----------
    night
        The night.
    root
        The directory of all mirrors.
    """
    mirror_path(root, night, _MARKED).unlink(missing_ok=True)


def known_state(night: NightId, state: str, root: Path) -> Any | None:
    """What a step of this machine wrote as a sentinel, while its mirror is there.

    Parameters
    ----------
    night
        The night.
    state
        One of `STATES`.
    root
        The directory of all mirrors.

    Returns
    -------
    object
        None if that is not known.
    """
    return _read(mirror_path(root, night, state)).get("value")


def manifest_bytes(store: Store, night: NightId, at_hand: Path, root: Path) -> bytes:
    """A night's manifest: from a file, if it is the one in the bucket by the mirror's ETag.

    Parameters
    ----------
    store
        The bucket; asked if the file is not there, or another one.
    night
        The night.
    at_hand
        Where the extraction may have left the manifest.
    root
        The directory of all mirrors.

    Returns
    -------
    bytes
    """
    if at_hand.is_file():
        etag = _read(mirror_path(root, night, "manifest")).get("etag")
        if etag == hash_file(at_hand).md5:
            return at_hand.read_bytes()
    return store.get_bytes(night.manifest_key)


def read_state(
    store: Store, night: NightId, state: str, root: Path, now: StoredObject | None = None
) -> Any | None:
    """What a sentinel says; None if there is none.

    Parameters
    ----------
    store
        The bucket; asked if the mirror does not know.
    night
        The night.
    state
        One of `STATES`.
    root
        The directory of all mirrors.
    now
        The object as it was just listed: a mirror of another one does not count. Without it the mirror is
        believed, as `mirror_states` or a step left it in this run.

    Returns
    -------
    object

    Raises
    ------
    StoreError
        If the bucket is asked and the object is not JSON, or cannot be read.
    """
    mirror = _read(mirror_path(root, night, state))
    if "value" in mirror and (now is None or mirror["etag"] == now.etag):
        return mirror["value"]
    return store.get_json(_key(night, state))


def _written_since(path: Path, moment: float) -> bool:
    try:
        # A time to come is from before the clock was set back, and says nothing.
        return moment < path.stat().st_mtime <= time.time() + _FILE_CLOCK_S
    except FileNotFoundError:
        return False


def _key(night: NightId, state: str) -> str:
    return f"{night.state_prefix}{state}.json"


def _read(path: Path) -> dict[str, Any]:
    """A mirror; empty if there is none, or none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        value = parse_json(path.read_bytes())
        if isinstance(value, dict):
            return value
    return {}
