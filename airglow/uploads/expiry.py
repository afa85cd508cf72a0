"""Frames of superseded uploads, and until when they are kept.

Each has a marker below ``state/pending/``, where every run looks anyway: its key says all, and so the archive
need not be looked through for what is overdue.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from airglow.model.errors import BadInput
from airglow.store import StoredObject
from airglow.uploads.keys import PENDING, NightId

SUPERSEDED = f"{PENDING}superseded/"
UNKNOWN = "unknown"
"""In place of a manifest's SHA-256: what an upload left that went away before it was archived."""
_NAME = re.compile(r"(?P<day>[0-9]{8})_(?P<night>.+)_(?P<manifest>[0-9a-f]{64}|unknown)")


@dataclass(frozen=True)
class Superseded:
    """The frames of an upload of a night that another one has replaced.

    Parameters
    ----------
    night
        The night.
    manifest_sha256
        SHA-256 of the manifest that named them; `UNKNOWN` for those of none.
    keep_until
        Date (UTC) until which they are kept.
    """

    night: NightId
    manifest_sha256: str
    keep_until: dt.date

    @property
    def prefix(self) -> str:
        """What the keys of the frames begin with."""
        return f"{superseded_prefix(self.night)}{self.manifest_sha256}/"

    @property
    def marker_key(self) -> str:
        """Key of the marker."""
        return f"{SUPERSEDED}{self.keep_until:%Y%m%d}_{self.night.name}_{self.manifest_sha256}"


def superseded_prefix(night: NightId) -> str:
    """What the keys of all superseded frames of a night begin with.

    Parameters
    ----------
    night
        The night.

    Returns
    -------
    str
    """
    return f"{night.frames_prefix}superseded/"


def expired(markers: Iterable[StoredObject], now: dt.datetime) -> tuple[Superseded, ...]:
    """What has been kept for long enough.

    Parameters
    ----------
    markers
        What was listed below ``state/pending/``.
    now
        The present (UTC).

    Returns
    -------
    tuple of Superseded
    """
    return tuple(one for one in markers_of(markers) if one.keep_until < now.date())


def markers_of(markers: Iterable[StoredObject]) -> tuple[Superseded, ...]:
    """What markers say is kept, and until when.

    Parameters
    ----------
    markers
        What was listed below ``state/pending/``.

    Returns
    -------
    tuple of Superseded
    """
    found = []
    for marker in markers:
        match = _NAME.fullmatch(marker.key.removeprefix(SUPERSEDED))
        if marker.key.startswith(SUPERSEDED) and match:
            with contextlib.suppress(ValueError, BadInput):
                day = dt.datetime.strptime(match["day"], "%Y%m%d").date()
                found.append(Superseded(NightId.parse(match["night"]), match["manifest"], day))
    return tuple(found)
