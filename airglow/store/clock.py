"""What time it is by the store, as its answers say: no request is made for it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

TOLERANCE = dt.timedelta(minutes=5)
"""By how much two clocks may differ before one of them counts as wrong."""


def date_of(answer: Mapping[str, Any]) -> dt.datetime | None:
    """The date of an answer of the store.

    Parameters
    ----------
    answer
        As botocore gives it.

    Returns
    -------
    datetime.datetime or None
        UTC, to the second; None if the answer has no date that can be read.
    """
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
        return (moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


class BucketClock:
    """The store's clock: the date of the last answer that was noted, and the time that has passed since."""

    def __init__(self) -> None:
        self._seen: tuple[dt.datetime, float] | None = None

    def note(self, answer: Mapping[str, Any]) -> None:
        """Set the clock by an answer.

        Parameters
        ----------
        answer
            As botocore gives it.
        """
        if (date := date_of(answer)) is not None:
            self._seen = date, time.monotonic()

    def now(self) -> dt.datetime | None:
        """The present by the store.

        Returns
        -------
        datetime.datetime or None
            UTC; None before an answer with a date.
        """
        if self._seen is None:
            return None
        date, at = self._seen
        return date + dt.timedelta(seconds=time.monotonic() - at)


def clock_error(store_clock: dt.datetime, written: dt.datetime) -> dt.timedelta:
    """By how much the clock of whoever wrote an object was ahead of the store's.

    Parameters
    ----------
    store_clock
        Time of the object by the store.
    written
        Time of its writing, by what stands in it.

    Returns
    -------
    datetime.timedelta
        Negative if it was behind; zero where they agree within `TOLERANCE`.
    """
    error = written - store_clock
    return error if abs(error) > TOLERANCE else dt.timedelta()
