"""How far a sensor's log goes, from its last bytes alone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection

import numpy as np

from airglow.weather.clock import Clock, local_to_utc
from airglow.weather.lines import local_time

# A date and a time where each kind of cloud sensor has them, with or without a running number before them.
_STAMP = re.compile(
    r"^[ \t]*(?:\d+\)[ \t]*)?(\d{4}-\d{1,2}-\d{1,2})[ \t]+(\d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d+)?)(?=\s)",
    re.MULTILINE,
)


def last_time(tail: bytes, clock: Clock, dates: Collection[dt.date]) -> dt.datetime | None:
    """The latest time that the end of a cloud sensor's file bears.

    Parameters
    ----------
    tail
        The last bytes of the file, or all of them.
    clock
        The site's time zone, or ``Site.clock``.
    dates
        Local dates that count: others come from a clock that was wrong.

    Returns
    -------
    datetime or None
        UTC, aware. None if there is no such time.
    """
    text = tail.decode("utf-8-sig", errors="replace")
    # NULs are what a power cut leaves between lines, or half the bytes of a file in UTF-16.
    times = _times(text.replace("\0", "\n"), dates) or _times(text.replace("\0", ""), dates)
    if not times:
        return None
    latest = local_to_utc(np.array(times, "datetime64[us]"), clock).max()
    return latest.item().replace(tzinfo=dt.UTC)


def _times(text: str, dates: Collection[dt.date]) -> list[dt.datetime]:
    times = []
    for date, time in _STAMP.findall(text.replace("\r", "\n")):
        try:
            moment = local_time(date, time)
        except ValueError:
            continue
        if moment.date() in dates:
            times.append(moment)
    return times
