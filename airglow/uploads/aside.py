"""What leaves ``raw/`` without being analysed: it is moved to ``raw-refused/``, with a word why.

- Parts that an earlier upload left beside a later one, which has fewer and larger parts.
- Receipts of nights without data, and uploads that were refused for what is in them, after a time of their
  own.

Nothing is lost: each object is copied, the copy is checked, and the object goes only if it is still the same.
Beside the copies ``why.json`` says what they are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from airglow.model.errors import AirglowError, BadInput, StoreError
from airglow.model.files import parse_json
from airglow.store import (
    Guard,
    MissingObject,
    Store,
    StoredObject,
    json_bytes,
    set_aside,
)
from airglow.store.guard import why_it_rests
from airglow.uploads.keys import NightId
from airglow.uploads.pending import archived_upload, clear_pending, kept_manifests_prefix
from airglow.uploads.receipt import Receipt, what_is_missing

FORMAT = 1
REFUSED = "raw-refused/"
LEFT_BEHIND = "left by an earlier upload of more parts"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Aside:
    """Objects of a night that are to leave ``raw/``.

    Parameters
    ----------
    night
        The night.
    reason
        Why, for people.
    objects
        The objects as they were listed.
    is_all
        Whether that is all that ``raw/`` has of the night.
    """

    night: NightId
    reason: str
    objects: tuple[StoredObject, ...]
    is_all: bool = False

    @property
    def prefix(self) -> str:
        """Where the objects go."""
        return f"{REFUSED}{self.night.upload}/"

    def key_of(self, found: StoredObject) -> str:
        """The key that an object gets: another one for other contents.

        Parameters
        ----------
        found
            The object.

        Returns
        -------
        str
        """
        return f"{self.prefix}{found.etag}_{found.key.rpartition('/')[2]}"


def left_behind(
    store: Store,
    night: NightId,
    parts: Mapping[int, StoredObject],
    receipt_object: StoredObject | None,
    receipt: Receipt | AirglowError | None,
) -> Aside | None:
    """Parts of an earlier upload beside a later one that is complete without them.

    They are beyond the count of the receipt, and each is older than the receipt or one that was archived. A
    part that is neither may be the first of an upload that is still under way: then nothing is said of any of
    them. Costs one request where there are such parts.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    parts
        What is in ``raw/``, by number.
    receipt_object, receipt
        The receipt as it was listed, and what it says, if it can be read.

    Returns
    -------
    Aside or None
    """
    if not isinstance(receipt, Receipt) or receipt_object is None or len(parts) <= receipt.parts:
        return None
    beyond = tuple(part for number, part in sorted(parts.items()) if number >= receipt.parts)
    announced = {number: part for number, part in parts.items() if number < receipt.parts}
    if not beyond or receipt.is_collection_error or what_is_missing(announced, receipt):
        return None
    try:
        manifest = archived_upload(store, night) or {}
    except BadInput:  # told where the night is compared with the archive
        manifest = {}
    archived = frozenset(part.key for part in beyond if manifest.get(part.key) == part.etag)
    if not all(is_older(part, receipt_object) or part.key in archived for part in beyond):
        return None
    return Aside(night, LEFT_BEHIND, beyond)


def is_older(part: StoredObject, receipt: StoredObject) -> bool:
    """Whether a part came before a receipt. Times are in seconds: one of the same second need not have."""
    return part.modified < receipt.modified


def overdue(
    night: NightId,
    reason: str,
    objects: Iterable[StoredObject],
    told_at: dt.datetime | None,
    days: float,
    now: dt.datetime,
) -> Aside | None:
    """What is in ``raw/`` of a night without data, or of a refused upload, if it was there for long enough.

    Parameters
    ----------
    night
        Which night.
    reason
        Why nothing is made of it.
    objects
        All that ``raw/`` has of it.
    told_at
        When it was refused; None if it tells that itself.
    days
        For how long it stays.
    now
        The present (UTC).

    Returns
    -------
    Aside or None
    """
    objects = tuple(objects)
    last = max([found.modified for found in objects] + ([told_at] if told_at else []), default=now)
    if not objects or now - last < dt.timedelta(days=days):
        return None
    return Aside(night, reason, objects, is_all=True)


def move_aside(
    store: Store,
    asides: Iterable[Aside],
    guard: Callable[[], Guard],
    tell: Callable[[str], None] = log.warning,
) -> None:
    """Move what a look at ``raw/`` found to be of no use there. Killed anywhere, the next run goes on.

    Parameters
    ----------
    store
        The bucket.
    asides
        What `airglow.uploads.scan` found.
    guard
        Says how the store guards deletions; asked only if there is anything to move. Where it does not,
        objects rest before they are moved, as they do before they are deleted: a later run moves them.
    tell
        Takes a line for people for each night.
    """
    for aside in asides:
        guarded = guard()
        if until := guarded.rests_until(aside.objects):
            log.info("%s: %s: %s", aside.night.name, aside.reason, why_it_rests(until))
            continue
        try:
            # Also of what a manifest names there is a copy: the archive is only proven at the cleanup.
            _say_why(store, aside)
            gone = [set_aside(store, found, aside.key_of(found), guarded.deletion) for found in aside.objects]
        except StoreError as error:  # one upload that cannot be moved must not stop all nights
            tell(f"{aside.night.name}: {aside.reason}: it could not be moved to {aside.prefix}: {error}")
            continue
        where = f"{len(gone)} are in {aside.prefix} now"
        tell(f"{aside.night.name}: {aside.reason}: {sum(gone)} of {len(gone)} objects leave raw/; {where}")
        # With no upload, and none in the archive to go back to, no work on the night is unfinished.
        if aside.is_all and all(gone) and not store.list(kept_manifests_prefix(aside.night)):
            clear_pending(store, aside.night)


def _say_why(store: Store, aside: Aside) -> None:
    """Beside the copies, and before them: one file for each reason, with all that was ever moved for it.

    So a move that was killed, and has fewer objects left, says the same.
    """
    key = f"{aside.prefix}why_{hashlib.sha256(aside.reason.encode()).hexdigest()[:12]}.json"
    moved = {
        aside.key_of(found): {
            "key": aside.key_of(found),
            "was": found.key,
            "size": found.size,
            "uploaded_at": found.modified.isoformat(),
        }
        for found in aside.objects
    }
    with contextlib.suppress(MissingObject, KeyError, TypeError, ValueError):
        before = parse_json(store.get_bytes(key))["objects"]
        moved = {each["key"]: each for each in before} | moved
    value = {
        "format": FORMAT,
        "night": aside.night.name,
        "reason": aside.reason,
        "objects": sorted(moved.values(), key=lambda each: (each["was"], each["key"])),
    }
    store.put_bytes(key, json_bytes(value), "application/json")
