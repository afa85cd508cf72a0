"""Values of a frame's header, as text that may or may not be what it should be."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from airglow.model.errors import BadInput

_TO_THE_SECOND = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", re.ASCII)
_NAMED_UTC = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def text_of(value: Any) -> str:
    """A header value as text: the first of several, the empty text for none."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if type(value).__name__ == "Empty":  # h5py's attribute without a value
        value = ""
    return str(value).strip().strip("\0").strip()


class HeaderValues:
    """The values of one header, and remarks on those that were passed over.

    Parameters
    ----------
    name
        Of the file, for messages.
    values
        Text by key.
    """

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self.name = name
        self.values = values
        self.remarks: list[str] = []

    def text(self, key: str) -> str:
        """A value as text; empty when absent."""
        return self.values.get(key, "")

    def needed(self, key: str) -> float:
        """A finite number without which a frame is of no use.

        Raises
        ------
        BadInput
            If it is absent or no number.
        """
        if key not in self.values:
            raise BadInput(self.name, f"header lacks {key}")
        number = _finite(self.values[key])
        if number is None:
            raise BadInput(self.name, f"header's {key} is {self.values[key]!r}, not a number")
        return number

    def optional(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """A finite number from ``low`` to ``high``; None, and a remark, if it is anything else."""
        if key not in self.values:
            return None
        number = _finite(self.values[key])
        if number is None:
            self.remarks.append(f"{key} is {self.values[key][:40]!r}, not a number")
        elif not low <= number <= high:
            self.remarks.append(f"{key} is {number:g}, which cannot be")
            number = None
        return number

    def time(self, key: str) -> dt.datetime | None:
        """A time, aware if it is written with a zone; None, and a remark, if it is there but is no time."""
        if key not in self.values:
            return None
        text = self.values[key]
        try:
            if not _TO_THE_SECOND.match(text):  # a date alone would pass for midnight
                raise ValueError
            return dt.datetime.fromisoformat(_NAMED_UTC.sub("+00:00", text))
        except ValueError:
            self.remarks.append(f"{key} is {text[:40]!r}, not a time")
            return None


def _finite(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):  # Python reads more than instruments write, such as 2_40
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
