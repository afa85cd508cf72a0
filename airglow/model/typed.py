"""JSON whose values have the types that they should have: one reader for all that the bucket says of nights.

Anybody can write into the bucket, and versions differ. A value of another type is told here, where it is
read, and not where it is used.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_YEARS = range(1970, 3000)  # of moments: a database, a listing and arithmetic all know these
_LARGEST = 2**31 - 1  # of counts, as in the database


@dataclass(frozen=True)
class Fields:
    """What a JSON object says.

    Parameters
    ----------
    values
        Value by name.
    """

    values: Mapping[str, Any]

    @classmethod
    def of(cls, value: Any, what: str = "it") -> Fields:
        """The fields of a value that should be an object.

        Parameters
        ----------
        value
            As read from JSON.
        what
            What it is, for the error.

        Returns
        -------
        Fields

        Raises
        ------
        ValueError
            If it is none.
        """
        if not isinstance(value, Mapping):
            raise ValueError(f"{what} is {_shown(value)}, not an object")
        return cls(value)

    def text(self, name: str, otherwise: str | None = None) -> str:
        """A text.

        Parameters
        ----------
        name
            Which field.
        otherwise
            What it is where it is absent or null; None: then it must be there.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If it is no text.
        """
        value = self.values.get(name)
        if value is None and otherwise is not None:
            return otherwise
        if not isinstance(value, str):
            raise ValueError(f"{name} is {_shown(value)}, not a text")
        return value

    def count(self, name: str) -> int:
        """A number of things; 0 where it is absent or null.

        Parameters
        ----------
        name
            Which field.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If it is no whole number, negative, or too large.
        """
        value = self.values.get(name)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
            raise ValueError(f"{name} is {_shown(value)}, not a count")
        return value

    def moment(self, name: str) -> dt.datetime | None:
        """A time with its zone; None where it is absent, null or empty.

        Parameters
        ----------
        name
            Which field.

        Returns
        -------
        datetime.datetime or None
            In UTC.

        Raises
        ------
        ValueError
            If it is no time, or has no zone.
        """
        text = self.text(name, "")
        return moment_of(text, name) if text else None

    def required_moment(self, name: str) -> dt.datetime:
        """A time with its zone, which must be there.

        Parameters
        ----------
        name
            Which field.

        Returns
        -------
        datetime.datetime
            In UTC.

        Raises
        ------
        ValueError
            If it is no time, or has no zone.
        """
        return moment_of(self.text(name), name)

    def items(self, name: str) -> list[Any]:
        """A list; empty where it is absent or null.

        Parameters
        ----------
        name
            Which field.

        Returns
        -------
        list

        Raises
        ------
        ValueError
            If it is no list.
        """
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            raise ValueError(f"{name} is {_shown(value)}, not a list")
        return list(value)

    def object(self, name: str) -> Mapping[str, Any]:
        """An object; empty where it is absent or null.

        Parameters
        ----------
        name
            Which field.

        Returns
        -------
        Mapping

        Raises
        ------
        ValueError
            If it is none.
        """
        value = self.values.get(name)
        return {} if value is None else Fields.of(value, name).values


def moment_of(text: Any, name: str = "time") -> dt.datetime:
    """A time as ISO 8601 writes it, with its zone.

    Parameters
    ----------
    text
        Any value.
    name
        What it is, for the error.

    Returns
    -------
    datetime.datetime
        In UTC.

    Raises
    ------
    ValueError
        If it is no such text.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC)
            if moment.year in _YEARS:
                return moment
    except (ValueError, TypeError, OverflowError):
        pass
    raise ValueError(f"{name} is {_shown(text)}, not a time with its zone")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
