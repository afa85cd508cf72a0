"""How instruments, sites and nights are named: the only place that knows.

An instrument has a key, ``minime05``, and uploads under another name, ``fpi05``. A night is named by
instrument, site and the local date on which it began: ``minime05_uao_20250429``. Which instruments exist is
in the registry; a name that is formed well need not be one of them.
"""

from __future__ import annotations

import datetime as dt
import re

_FAMILY = "minime"  # instrument keys: the family, then a number
UPLOAD_PREFIX = "fpi"  # uploads: this, then the same number

# Regular expressions without groups, as Snakemake's wildcards take them.
INSTRUMENT = rf"{_FAMILY}[0-9]+"
SITE = "[A-Za-z0-9]+"
DATE = "[0-9]{8}"
NIGHT = f"{INSTRUMENT}_{SITE}_{DATE}"
UPLOAD = f"{UPLOAD_PREFIX}[0-9]+"


def upload_name(instrument: str) -> str:
    """What an instrument calls itself in its uploads: ``fpi05`` for ``minime05``.

    Parameters
    ----------
    instrument
        Key of the instrument.

    Returns
    -------
    str
    """
    return UPLOAD_PREFIX + instrument.removeprefix(_FAMILY)


def instrument_of_upload(name: str) -> str:
    """Key of the instrument that uploads under a name: ``minime05`` for ``fpi05``.

    Parameters
    ----------
    name
        What an upload calls its instrument; it is not checked.

    Returns
    -------
    str
        The key, whether or not the registry has it.
    """
    return _FAMILY + name.removeprefix(UPLOAD_PREFIX)


def parse_date(text: str) -> dt.date | None:
    """The date that eight digits name; None if they name none.

    Parameters
    ----------
    text
        Such as ``20250429``.

    Returns
    -------
    datetime.date or None
    """
    if re.fullmatch(DATE, text) is None:
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def is_night(name: str) -> bool:
    """Whether a name is formed like that of a night, with a date that exists.

    Parameters
    ----------
    name
        Any text.

    Returns
    -------
    bool
    """
    return re.fullmatch(NIGHT, name) is not None and parse_date(name[-8:]) is not None
